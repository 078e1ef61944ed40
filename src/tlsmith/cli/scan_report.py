"""A scan from its options to its exit code: rules, findings, fixes, report, summary."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from tlsmith.cli.entry import CLEAN, FINDINGS
from tlsmith.cli.output import counted, emit, say, warn
from tlsmith.cli.scan_baseline import hold_against, write_baseline
from tlsmith.cli.scan_progress import Progress
from tlsmith.cli.scan_run import Asked, cache_folder, run_scan
from tlsmith.errors import InputError
from tlsmith.scan.engine import Scan
from tlsmith.scan.finding import SEVERITIES, Finding
from tlsmith.scan.reporters import Results, report
from tlsmith.scan.rule import Rule
from tlsmith.scan.rulebook import every_rule
from tlsmith.scan.settings import (
    Settings,
    find_settings,
    is_named,
    load_settings,
    names_any,
)

_DEFAULT_FAIL_ON = "low"
_ONE = {"variables": "variable", "processes": "process"}


def answer(options: dict[str, Any]) -> int:
    """Scan as the options say, tell what was found, and return the exit code."""
    _refuse_contradictions(options)
    code = CLEAN
    if options["paths"] or options["env"] or options["process"]:
        code = _scan(options)
    if options["prove"]:
        from tlsmith.cli.scan_prove import prove

        code = max(code, prove(options["prove"]))
    return code


def _refuse_contradictions(options: dict[str, Any]) -> None:
    form = options["form"]
    if options["as_json"] and form not in (None, "json"):
        raise InputError(f"--json and --format {form} are two formats", code="usage")
    if options["dry_run"] and not options["fix"]:
        raise InputError("--dry-run is for --fix", code="usage")
    if options["config"] and options["no_config"]:
        raise InputError("--config and --no-config exclude each other", code="usage")
    sources = ("changed_since", "staged", "history")
    given = [f"--{name.replace('_', '-')}" for name in sources if options[name]]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} exclude each other", code="usage")
    for path in options["paths"]:
        if path != "-" and not os.path.lexists(path):
            raise InputError(
                f"there is no file or folder {path!r}", code="file-not-found"
            )
    if options["history"] and options["fix"]:
        raise InputError("--fix cannot change history", code="usage")


def _scan(options: dict[str, Any]) -> int:
    began = time.monotonic()
    known = {rule.id: rule for rule in every_rule(cache_folder())}
    settings = _settings(options, known)
    asked = Asked(
        paths=options["paths"],
        rules=_selected(known.values(), options, settings),
        exclude=options["exclude"],
        settings=settings,
        largest=options["max_size"],
        ignore=not options["no_ignore"],
        jobs=options["jobs"],
        again=options["no_cache"],
        changed_since=options["changed_since"],
        staged=options["staged"],
        history=options["history"],
        stdin_name=options["stdin_name"],
        environment=options["env"],
        processes=options["process"],
    )
    progress = Progress()
    try:
        scanned = run_scan(asked, progress)
    finally:
        progress.end()
    told = _once(_without_own_files(scanned.findings, options))
    findings = _wanted(map(settings.applied, told), options, settings)
    if options["write_baseline"]:
        write_baseline(options["write_baseline"], findings)
    if options["baseline"]:
        findings = hold_against(options["baseline"], findings)
    findings = _after_fixes(findings, options)
    results = _results(findings, known, scanned, options)
    _tell(results, options)
    _summarise(results, scanned, options, time.monotonic() - began)
    if options["write_baseline"]:
        return CLEAN
    open_ones = [finding for finding in findings if finding.suppressed is None]
    fail_on = options["fail_on"] or settings.fail_on or _DEFAULT_FAIL_ON
    return FINDINGS if _fails(open_ones, fail_on) else CLEAN


def _settings(options: dict[str, Any], known: dict[str, Rule]) -> Settings:
    if options["no_config"]:
        return Settings()
    first = options["paths"][0] if options["paths"] else "."
    file = options["config"] or find_settings("." if first == "-" else first)
    return load_settings(file, known) if file else Settings()


def _selected(
    rules: Iterable[Rule], options: dict[str, Any], settings: Settings
) -> list[Rule]:
    """Return the rules to ask; refuse a name that means none."""
    rules = list(rules)
    for pattern in (*options["only"], *options["without"]):
        if not names_any(pattern, (rule.id for rule in rules)):
            raise InputError(
                f"no rule is called {pattern!r}",
                code="unknown-rule",
                hint="see `tlsmith scan rules`",
            )
    return [
        rule
        for rule in rules
        if (not options["only"] or is_named(rule.id, options["only"]))
        and not is_named(rule.id, (*settings.disable, *options["without"]))
    ]


def _without_own_files(
    findings: Iterable[Finding], options: dict[str, Any]
) -> Iterable[Finding]:
    """Leave out what stands in files of ours, which quote what was found."""
    names = ("baseline", "write_baseline", "output")
    own = {os.path.abspath(options[name]) for name in names if options[name]}
    if not own:
        return findings
    return [one for one in findings if os.path.abspath(one.path) not in own]


def _once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Leave out what was read twice, where one path asked for lies in another."""
    kept = {
        (
            os.path.abspath(one.path),
            one.rule,
            one.start,
            one.end,
            one.revision,
            one.snippet,
            one.message,
        ): one
        for one in findings
    }
    return kept.values()


def _wanted(
    findings: Iterable[Finding], options: dict[str, Any], settings: Settings
) -> list[Finding]:
    least = options["min_severity"] or settings.min_severity or SEVERITIES[0]
    return [one for one in findings if _reaches(one, least)]


def _reaches(finding: Finding, severity: str) -> bool:
    return SEVERITIES.index(finding.severity) >= SEVERITIES.index(severity)


def _fails(findings: Iterable[Finding], fail_on: str) -> bool:
    return fail_on != "never" and any(_reaches(one, fail_on) for one in findings)


def _after_fixes(findings: list[Finding], options: dict[str, Any]) -> list[Finding]:
    """Return the findings that are left when --fix has done what it can."""
    if not options["fix"]:
        return findings
    from tlsmith.cli.scan_fix import fix

    beside = _format(options) != "human" and not options["output"]
    tell = say if beside else emit
    dry_run, yes = options["dry_run"], options["yes"]
    if not options["env"]:
        gone = fix(findings, tell, dry_run=dry_run, yes=yes)
    else:
        from tlsmith.cli.scan_machine import discreet, say_what_to_unset

        gone = fix(findings, discreet(tell), dry_run=dry_run, yes=yes)
        say_what_to_unset(findings)
    return [finding for finding in findings if finding not in gone]


def _results(
    findings: list[Finding],
    known: dict[str, Rule],
    scanned: Scan,
    options: dict[str, Any],
) -> Results:
    from tlsmith import __version__

    coloured = sys.stdout.isatty() and not options["output"]
    return Results(
        findings,
        known,
        version=__version__,
        files=scanned.files,
        with_suppressed=options["show_suppressed"],
        colour=coloured and not os.environ.get("NO_COLOR"),
    )


def _format(options: dict[str, Any]) -> str:
    return "json" if options["as_json"] else options["form"] or "human"


def _tell(results: Results, options: dict[str, Any]) -> None:
    text = report(_format(options), results)
    if options["output"]:
        from tlsmith.files import write_file

        write_file(options["output"], text.encode("utf-8", "backslashreplace"))
    elif text:
        emit(text)


def _summarise(
    results: Results, scanned: Scan, options: dict[str, Any], seconds: float
) -> None:
    counts = results.counts()
    told = ", ".join(f"{number} {severity}" for severity, number in counts.items())
    skipped = scanned.skipped.by_reason
    beside = [counted(n, _ONE[what], what) for what, n in scanned.beside.items()]
    seen = ", ".join([counted(scanned.files, "file", "files"), *beside])
    parts = [f"{seen} in {seconds:.1f} s"]
    parts += [f"{len(paths):,} skipped: {why}" for why, paths in skipped.items()]
    silent = sum(finding.suppressed is not None for finding in results.findings)
    parts += [f"{silent:,} suppressed"] if silent else []
    found = counted(sum(counts.values()), "finding", "findings")
    say(f"{found}{f' ({told})' if told else ''}; {'; '.join(parts)}")
    for path, problem in sorted(scanned.problems.items()):
        warn(f"{path} could not be judged: {problem}")
    if options["verbose"]:
        for reason, paths in skipped.items():
            for path in paths:
                say(f"  skipped: {path}: {reason}")
    step = _next_step(results, scanned, options)
    if step:
        say(f"next: {step}")


def _next_step(results: Results, scanned: Scan, options: dict[str, Any]) -> str:
    told = [finding for finding, _ in results.told]
    if _format(options) != "human":
        return ""
    if not told:
        return "--verbose names what was skipped" if scanned.skipped else ""
    if any(finding.edits for finding in told) and not options["fix"]:
        return "--fix --dry-run shows what can be mended"
    if any(finding.category != "key" for finding in told):
        return "`tlsmith run -- COMMAND` runs what needs the local CA, verification on"
    return "`tlsmith scan explain RULE` tells more"
