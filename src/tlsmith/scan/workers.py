"""Many files over all cores: processes that judge, each a batch at a time.

A worker that dies or hangs costs no finding: its batch is done again, a file at a time
and each in a process of its own, and only the file that did it is left out.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import ClassVar, NamedTuple

from tlsmith.scan.examine import Examined, Examiner

BATCH = 200
PATIENCE = 60.0
"""Seconds a worker may take over one batch. A file that takes long is stopped before,
by the worker itself: this is for what cannot be stopped.
"""
_WATCH = 1.0
"""Seconds after which a worker without work looks whether its parent lives."""


_GARBAGE = 100_000
"""Objects after which they are looked through: a large file makes that many at once."""


class Named(NamedTuple):
    """A file that is to be read.

    Args:
        path: Where it is.
        cut: How many characters of that lead to what is scanned.
    """

    path: str
    cut: int = 0

    @property
    def inside(self) -> str:
        """Its path below what is scanned."""
        return self.path[self.cut :]


def can_work() -> bool:
    """Whether there can be processes that share what this one has prepared."""
    return "fork" in multiprocessing.get_all_start_methods()


class _Worker:
    """A process and what it is doing."""

    _pipes: ClassVar[set[Connection]] = set()
    """Our ends: a process that had a copy of one would keep others from seeing that
    we are gone.
    """

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        self.batch: list[Named] = []
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self._pipes.add(self.pipe)
        self.process = context.Process(
            target=_work, args=(self._examiner, theirs, self._pipes), daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, batch: list[Named]) -> None:
        self.batch = batch
        with suppress(OSError):  # it is dead: there will be no answer
            self.pipe.send([tuple(file) for file in batch])

    def stop(self) -> None:
        self._pipes.discard(self.pipe)
        with suppress(OSError):
            self.pipe.close()
        self.process.kill()
        self.process.join()


def _work(examiner: Examiner, pipe: Connection, others: set[Connection]) -> None:
    """Judge batches until no more come."""
    for other in others:
        other.close()
    gc.freeze()  # what was there before is shared, and stays
    gc.set_threshold(_GARBAGE, 50, 50)
    parent = os.getppid()
    with suppress(EOFError, KeyboardInterrupt, OSError):
        while True:
            while not pipe.poll(_WATCH):
                if os.getppid() != parent:
                    return
            pipe.send([_kept(examiner, Named(*file)) for file in pipe.recv()])


def _kept(examiner: Examiner, file: Named) -> Examined | None:
    """What is to be told of a file; None is nothing, which most are."""
    result = examiner.file(file.path, file.inside)
    return result if any(result) else None


def examined(
    examiner: Examiner, files: Iterable[Named], jobs: int, patience: float = PATIENCE
) -> Iterator[tuple[Named, Examined]]:
    """Each file with what came of it, in no certain order.

    Args:
        examiner: Ready to judge; each process has a copy.
        files: What to read.
        jobs: How many processes.
        patience: Seconds that one may take over a batch, or over a file alone.
    """
    batches = _batches(files)
    waiting = deque(islice(batches, jobs))
    workers = [_Worker(examiner) for _ in waiting]
    try:
        for worker in workers:
            worker.give(waiting.popleft())
        busy = list(workers)
        while busy:
            # What is done next is looked up while they work.
            waiting.extend(islice(batches, len(busy) - len(waiting)))
            ready = wait([worker.pipe for worker in busy], patience)
            for worker in busy[:]:
                if ready and worker.pipe not in ready:
                    continue
                yield from _answer(examiner, worker, patience)
                if waiting:
                    worker.give(waiting.popleft())
                else:
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.stop()


def _batches(files: Iterable[Named]) -> Iterator[list[Named]]:
    files = iter(files)
    while batch := list(islice(files, BATCH)):
        yield batch


def _answer(
    examiner: Examiner, worker: _Worker, patience: float
) -> Iterator[tuple[Named, Examined]]:
    batch = worker.batch
    results: list[Examined | None] | None = None
    with suppress(EOFError, OSError):
        if worker.pipe.poll():
            results = worker.pipe.recv()
    if results is None:
        worker.stop()
        for file in batch:
            yield file, alone(examiner, file, patience)
        worker.start()
        return
    for file, result in zip(batch, results, strict=True):
        yield file, result or Examined([])


def alone(examiner: Examiner, file: Named, patience: float = PATIENCE) -> Examined:
    """What comes of one file, in a process that may die or hang over it."""
    worker = _Worker(examiner)
    try:
        worker.give([file])
        if not worker.pipe.poll(patience):
            return Examined([], "took too long")
        (result,) = worker.pipe.recv()
        return result or Examined([])
    except (EOFError, OSError):
        return Examined([], "could not be judged")
    finally:
        worker.stop()
