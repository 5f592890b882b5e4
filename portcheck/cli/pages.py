"""The manual page and shell completion, made of the texts that `--help` shows.

A completion is a table of words: while a user types, nothing of portcheck is started.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer

from portcheck import __version__

Commands = dict[str, Any]


def commands(app: typer.Typer) -> Commands:
    """Every command by its words, `config check` among them."""
    root: Any = typer.main.get_command(app)
    found: Commands = {}
    for name, command in sorted(root.commands.items()):
        inner = getattr(command, "commands", None)
        found |= {f"{name} {sub}": one for sub, one in sorted(inner.items())} if inner else {name: command}
    return found


def man(app: typer.Typer) -> str:
    """In the language of man(7)."""
    lines = [f'.TH PORTCHECK 1 "" "portcheck {__version__}"', ".SH NAME"]
    about = str(app.info.help)
    lines += [f"portcheck \\- {_roff(about[0].lower() + about[1:].rstrip('.'))}", ".SH SYNOPSIS"]
    lines += [".B portcheck", ".I COMMAND", "[OPTIONS]", ".SH COMMANDS"]
    for name, command in commands(app).items():
        lines += [f".SS portcheck {name}", _roff(_summary(command))]
        for option in _options(command):
            names = ", ".join((*option.opts, *option.secondary_opts))
            value = "" if option.is_flag or option.count else f" \\fI{_roff(option.metavar or 'VALUE')}\\fR"
            lines += [".TP", f"\\fB{_roff(names)}\\fR{value}", _roff(option.help or "")]
        for paragraph in str(command.epilog or "").split("\n\n"):
            lines += [".PP", _roff(paragraph)]
    return "\n".join(lines) + "\n"


def _summary(command: Any) -> str:
    return str(command.help or "").strip()


def _options(command: Any) -> Iterator[Any]:
    return (one for one in command.params if one.param_type_name == "option" and not one.hidden)


def _roff(text: str) -> str:
    """No letter of it is an order to the formatter."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text)


def _words(app: typer.Typer) -> dict[str, list[str]]:
    """Behind which words which words may come: the commands behind none."""
    found: dict[str, list[str]] = {"": []}
    for name, command in commands(app).items():
        first, _, second = name.partition(" ")
        if first not in found[""]:
            found[""].append(first)
        if second:
            found.setdefault(first, []).append(second)
        found[name] = [opt for option in _options(command) for opt in (*option.opts, *option.secondary_opts)]
        found[name] += ["--help"]
    return found


def _cases(table: Mapping[str, Sequence[str]], form: str) -> tuple[str, str]:
    """A shell's branches, a line each: behind one word, and behind two."""
    lines = {name: form.format(name, " ".join(words)) for name, words in table.items() if name}
    one, two = ("\n".join(line for name, line in lines.items() if (" " in name) is inner) for inner in (False, True))
    return one, two


def bash(app: typer.Typer) -> str:
    table = _words(app)
    cases, inner = _cases(table, '    "{}") words="{}" ;;')
    return f"""\
# bash completion for portcheck: portcheck help --completion bash > ~/.local/share/bash-completion/completions/portcheck
_portcheck() {{
  local words="{" ".join(table[""])} --help --version" cur="${{COMP_WORDS[COMP_CWORD]}}"
  [ "$COMP_CWORD" -gt 1 ] && case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  [ "$COMP_CWORD" -gt 2 ] && case "${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}" in
{inner}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _portcheck portcheck
"""


def zsh(app: typer.Typer) -> str:
    table = _words(app)
    cases, inner = _cases(table, "    '{}') found=({}) ;;")
    return f"""\
#compdef portcheck
# portcheck help --completion zsh > "${{fpath[1]}}/_portcheck"
_portcheck() {{
  local -a found
  found=({" ".join(table[""])} --help --version)
  (( CURRENT > 2 )) && case "${{words[2]}}" in
{cases}
  esac
  (( CURRENT > 3 )) && case "${{words[2]}} ${{words[3]}}" in
{inner}
  esac
  compadd -- $found
  _files
}}
_portcheck "$@"
"""


def fish(app: typer.Typer) -> str:
    lines = ["# portcheck help --completion fish > ~/.config/fish/completions/portcheck.fish"]
    lines.append(f"complete -c portcheck -n __fish_use_subcommand -a '{' '.join(_words(app)[''])}'")
    within: dict[str, list[str]] = {}
    for group, _, second in (name.partition(" ") for name in commands(app)):
        if second:
            within.setdefault(group, []).append(second)
    for group, found in within.items():
        inner = " ".join(found)
        seen = f"__fish_seen_subcommand_from {group}; and not __fish_seen_subcommand_from {inner}"
        lines.append(f"complete -c portcheck -f -n '{seen}' -a '{inner}'")
    outside = f"; and not __fish_seen_subcommand_from {' '.join(within)}"  # `config check` is not `check`
    for name, command in commands(app).items():
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in name.split())
        seen += "" if " " in name else outside
        for option in _options(command):
            long = next((opt[2:] for opt in option.opts if opt.startswith("--")), "")
            short = next((opt[1:] for opt in option.opts if len(opt) == 2), "")
            flags = (f" -l {long}" if long else "") + (f" -s {short}" if short else "")
            told = (option.help or "").replace("\\", "\\\\").replace("'", "\\'")
            lines.append(f"complete -c portcheck -n '{seen}'{flags} -d '{told}'")
    return "\n".join(lines) + "\n"


COMPLETIONS: Mapping[str, Callable[[typer.Typer], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
