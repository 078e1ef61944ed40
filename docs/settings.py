"""Write the settings into docs/serve.md. A test compares the two.

Run it after changing a setting: `.venv/bin/python docs/settings.py`.
"""

from __future__ import annotations

from pathlib import Path

from tlsmith.server.config import settings_table

TARGET = Path(__file__).with_name("serve.md")
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def render() -> str:
    """Return the table of settings."""
    lines = ["| Setting | Default | What it is for |", "|-|-|-|"]
    for path, setting in settings_table().items():
        written = setting.metadata["written"]
        default = f"`{written}`" if written else "none"
        live = "" if setting.metadata["live"] else " †"
        about = setting.metadata["about"].replace("|", "\\|")
        lines.append(f"| `{path}`{live} | {default} | {about} |")
    return "\n".join(lines) + "\n"


def updated(text: str) -> str:
    """Return the page with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    TARGET.write_text(updated(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
