#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what a shell completes for a program, out of what `PROGRAM --command-table` tells:

    completions.py bash|zsh|fish PROGRAM > FILE"""

import subprocess
import sys

FILES = {"--config", "--check", "--ready-file", "--socket", "--html", "--folder", "--admin-socket", "--restore-snapshot"}


class Command:
    def __init__(self, path, purpose):
        self.path, self.purpose = path, purpose
        self.options = []  # (names, value, purpose)
        self.below = []    # (name, purpose)
        self.takes_file = False


def commands_of(program):
    """{path: Command}"""
    table = subprocess.run([program, "--command-table"], text=True, check=True, stdout=subprocess.PIPE).stdout
    commands = {}
    for fields in (line.split("\t") for line in table.splitlines()):
        if fields[0] == "command":
            path = fields[1]
            commands[path] = Command(path, fields[2])
            if path:
                above, _, name = path.rpartition(" ")
                commands[above].below.append((name, fields[2]))
        elif fields[2].startswith("-"):
            commands[fields[1]].options.append((fields[2].split(","), fields[3], fields[5]))
        elif fields[2] == "file" or fields[3] == "FILE":
            commands[fields[1]].takes_file = True
    return commands


def first_sentence(text):
    text = text.split("; ")[0].split(". ")[0].rstrip(".")
    return text if len(text) <= 90 else text[:87] + "..."


def bash_files(commands):
    takers = "|".join(f'"{path}"' for path, command in commands.items() if command.takes_file)
    return [f"  case $path in {takers}) mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY "
            '< <(compgen -f -- "$current") ;; esac'] if takers else []


def bash(name, commands):
    lines = [f"# bash completion of {name}, made by docs/completions.py", f"_{name.replace('-', '_')}() {{",
             '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path="" word',
             "  COMPREPLY=()", '  case $previous in',
             f'    {"|".join(sorted(FILES))}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;',
             "  esac", '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do', '    case "$path $word" in']
    paths = [path for path in commands if path]
    for path in paths:
        above, _, last = path.rpartition(" ")
        lines.append(f'      "{above} {last}") path="{path}" ;;')
    lines += ["    esac", "  done", '  case $path in']
    for path, command in commands.items():
        words = [below for below, _ in command.below] + [name for names, _, _ in command.options for name in names]
        lines.append(f'    "{path}") word="{" ".join(words)}" ;;')
    lines += ["  esac", '  mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")', *bash_files(commands), "}",
              f"complete -F _{name.replace('-', '_')} {name}"]
    return lines


def zsh_text(text):
    return first_sentence(text).replace("\\", "\\\\").replace("'", "'\\''").replace(":", "\\:").replace(
        "[", "\\[").replace("]", "\\]")


def zsh(name, commands):
    function = "_" + name.replace("-", "_")
    lines = [f"#compdef {name}", f"# zsh completion of {name}, made by docs/completions.py"]

    def body(command):
        own = function + "".join("__" + word.replace("-", "_") for word in command.path.split())
        lines.extend(["", f"{own}() {{"])
        if command.below:
            lines.append("  local -a commands")
            lines.append("  commands=(")
            lines.extend(f"    '{below}:{zsh_text(purpose)}'" for below, purpose in command.below)
            lines.append("  )")
        lines.append("  local state")
        lines.append("  _arguments -C \\")
        for names, value, purpose in command.options:
            repeats = "*" if value.endswith("...") else ""
            action = ""
            if value:
                action = ":value:_files" if FILES & set(names) else ":value: "
            for one in names:
                lines.append(f"    '{repeats}{one}[{zsh_text(purpose)}]{action}' \\")
        if not command.below:
            lines.append("    '1:file:_files'" if command.takes_file else "    '*:word: '")
            lines.append("}")
            return
        lines.append("    '1:command:->command' '*::word:->words'")
        lines.append("  case $state in")
        lines.append("    command) _describe command commands ;;")
        lines.append("    words)")
        lines.append("      case $words[1] in")
        for below, _ in command.below:
            lines.append(f"        {below}) {own}__{below.replace('-', '_')} ;;")
        lines.extend(["      esac ;;", "  esac", "}"])

    for command in commands.values():
        body(command)
    lines += ["", f'{function} "$@"']
    return lines


def fish_text(text):
    return first_sentence(text).replace("\\", "\\\\").replace("'", "\\'")


def fish(name, commands):
    lines = [f"# fish completion of {name}, made by docs/completions.py", f"complete -c {name} -f"]
    for path, command in commands.items():
        words = path.split()
        if command.takes_file:
            lines.append(f"complete -c {name} -n '__fish_seen_subcommand_from {words[-1]}' -F")
        below = " ".join(one for one, _ in command.below)
        condition = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in words) or "true"
        deepest = f"{condition}; and not __fish_seen_subcommand_from {below}" if below else condition
        for one, purpose in command.below:
            lines.append(f"complete -c {name} -n '{deepest}' -a {one} -d '{fish_text(purpose)}'")
        for names, value, purpose in command.options:
            forms = " ".join(f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}" for one in names)
            needs = " -r" if value else ""
            files = " -F" if FILES & set(names) else ""
            lines.append(f"complete -c {name} -n '{deepest}' {forms}{needs}{files} -d '{fish_text(purpose)}'")
        if command.takes_file:
            lines.append(f"complete -c {name} -n '{condition}' -F")
    return lines


def main():
    shell, program = sys.argv[1:3]
    name = program.rsplit("/", 1)[-1]
    print("\n".join({"bash": bash, "zsh": zsh, "fish": fish}[shell](name, commands_of(program))))


if __name__ == "__main__":
    main()
