"""Many files over all cores: processes that judge, each a batch at a time.

A worker that dies or hangs costs no finding: its batch is done again, a file at a time
and each in a process of its own, and only the file that did it is left out.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from tlsmith.scan.examine import Examined, Examiner

BATCH = 200
_PATIENCE = 30.0
"""Seconds a worker may take over one batch."""


class Named(NamedTuple):
    """A file that is to be read: where it is, and its path below what is scanned."""

    path: str
    inside: str


class _Worker:
    """A process and what it is doing."""

    def __init__(self, examiner: Examiner) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=_work, args=(examiner, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self.batch: list[Named] = []

    def give(self, batch: list[Named]) -> None:
        self.batch = batch
        self.pipe.send(batch)

    def stop(self) -> None:
        with suppress(OSError):
            self.pipe.close()
        self.process.kill()
        self.process.join()


def _work(examiner: Examiner, pipe: Connection) -> None:
    """Judge batches until no more come."""
    with suppress(EOFError, KeyboardInterrupt, OSError):
        while True:
            batch = pipe.recv()
            pipe.send([_kept(examiner, file) for file in batch])


def _kept(examiner: Examiner, file: Named) -> Examined | None:
    """What is to be told of a file; None is nothing, which most are."""
    result = examiner.file(*file)
    return result if any(result) else None


def examined(
    examiner: Examiner, files: Iterable[Named], jobs: int
) -> Iterator[tuple[Named, Examined]]:
    """Each file with what came of it, in no certain order.

    Args:
        examiner: Ready to judge; each process has a copy.
        files: What to read.
        jobs: How many processes.
    """
    batches = _batches(files)
    workers = [_Worker(examiner) for _ in range(jobs)]
    try:
        busy = [worker for worker in workers if _next(worker, batches)]
        while busy:
            ready = wait([worker.pipe for worker in busy], _PATIENCE)
            for worker in busy[:]:
                if ready and worker.pipe not in ready:
                    continue
                yield from _answer(examiner, worker)
                if not _next(worker, batches):
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.stop()


def _batches(files: Iterable[Named]) -> Iterator[list[Named]]:
    batch: list[Named] = []
    for file in files:
        batch.append(file)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _next(worker: _Worker, batches: Iterator[list[Named]]) -> bool:
    batch = next(batches, None)
    if batch is None:
        return False
    worker.give(batch)
    return True


def _answer(examiner: Examiner, worker: _Worker) -> Iterator[tuple[Named, Examined]]:
    batch = worker.batch
    results: list[Examined | None] | None = None
    with suppress(EOFError, OSError):
        if worker.pipe.poll():
            results = worker.pipe.recv()
    if results is None:
        worker.stop()
        yield from _one_by_one(examiner, batch)
        worker.__init__(examiner)  # type: ignore[misc]
        return
    for file, result in zip(batch, results, strict=True):
        yield file, result or Examined([])


def _one_by_one(
    examiner: Examiner, batch: list[Named]
) -> Iterator[tuple[Named, Examined]]:
    """Each file of a batch in a process of its own."""
    for file in batch:
        yield file, alone(examiner, file)


def alone(examiner: Examiner, file: Named, patience: float = _PATIENCE / 3) -> Examined:
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
