"""One page that needs nothing else: findings, filtered by severity."""

from __future__ import annotations

from html import escape

from tlsmith.scan.finding import SEVERITIES, Finding
from tlsmith.scan.reporters.plain import shown
from tlsmith.scan.reporters.results import Results

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin: 0; }
article { border: 1px solid #8886; border-left: 6px solid var(--edge);
  border-radius: 4px; margin: 1rem 0; padding: .75rem 1rem; }
pre { background: #8882; overflow-x: auto; padding: .5rem .75rem; border-radius: 4px; }
mark { background: #e8a33d66; color: inherit; text-decoration: underline; }
.severity { border: 1px solid currentColor; border-radius: 3px; font-size: .8rem;
  padding: 0 .4rem; text-transform: uppercase; }
.about { font-size: .85rem; opacity: .8; }
label { margin-right: 1rem; }
.critical { --edge: #8b0f2c; } .high { --edge: #d1382c; } .medium { --edge: #c77d0a; }
.low { --edge: #2d7fb8; } .info { --edge: #7a7a7a; }
"""


def html(results: Results) -> str:
    """The page. It has no script: boxes that are ticked show their severity."""
    counts = results.counts()
    boxes = "\n".join(_box(severity, number) for severity, number in counts.items())
    hiding = "\n".join(
        f"body:has(#show-{severity}:not(:checked)) article.{severity} "
        "{ display: none; }"
        for severity in SEVERITIES
    )
    articles = "\n".join(_article(results, finding) for finding, _ in results.told)
    total = sum(counts.values())
    found = f"{total:,} {'finding' if total == 1 else 'findings'}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<title>tlsmith scan: {found}</title>
<style>{_STYLE}{hiding}
</style>
</head>
<body>
<h1>tlsmith scan: {found} in {results.files:,} files</h1>
<p>{boxes}</p>
<main>
{articles}
</main>
</body>
</html>
"""


def _box(severity: str, number: int) -> str:
    return (
        f'<label><input type="checkbox" id="show-{severity}" checked> '
        f"{severity} ({number:,})</label>"
    )


def _article(results: Results, finding: Finding) -> str:
    place = _text(f"{finding.path}:{finding.line}")
    facts = [finding.rule, f"{finding.confidence} confidence", finding.reason]
    if finding.suppressed is not None:
        facts.append(f"suppressed: {finding.suppressed}")
    about = "; ".join(_text(fact) for fact in facts if fact)
    cwes = " ".join(
        f'<a href="https://cwe.mitre.org/data/definitions/{number}.html">CWE-{number}</a>'
        for number in finding.cwe
    )
    title = _text(results.title(finding))
    return f"""<article class="{finding.severity}">
<h2><span class="severity">{finding.severity}</span> {title}</h2>
<p><code>{place}</code></p>
<pre>{_marked(finding)}</pre>
<p>{_text(results.what(finding))}</p>
<p>Fix:</p>
<pre>{_text(finding.fix)}</pre>
<p class="about">{about} {cwes}</p>
</article>"""


def _marked(finding: Finding) -> str:
    """The lines of a finding, with what is wrong in them marked."""
    text = finding.snippet
    begin = finding.column - 1
    end = max(begin, min(len(text), begin + finding.end - finding.start))
    if not begin <= end <= len(text):
        return _text(text)
    parts = (text[:begin], text[begin:end], text[end:])
    before, marked, after = (_text(part) for part in parts)
    return f"{before}<mark>{marked}</mark>{after}"


def _text(text: str) -> str:
    return escape(shown(text))
