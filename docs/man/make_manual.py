#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a manual page out of PAGE.in and of what the programs tell of themselves:

    make_manual.py PAGE.in PROGRAM EXAMPLE > PAGE

`@COMMANDS@` becomes the options and commands of `PROGRAM --command-table`, `@KEYS@` the keys of the
configuration: what each is for, as EXAMPLE (conf/larder.toml.example) has it, and what it may be, as
`PROGRAM --config-keys` has it. It fails where one knows a key that the other does not."""

import re
import subprocess
import sys
import textwrap


def told_by(program, option):
    done = subprocess.run([program, option], text=True, check=True, stdout=subprocess.PIPE)
    return [line.split("\t") for line in done.stdout.splitlines()]


def escaped(text):
    """For a line of text, and for a quoted argument of a macro."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return "\\&" + text if text[:1] in (".", "'") else text


def wrapped(text):
    return textwrap.wrap(text, 72, break_long_words=False, break_on_hyphens=False)


def paragraph(text):
    """A sentence on each line, as mdoc wants it. What looks like the end of one, behind a digit or an
    abbreviation, may as well begin a line."""
    sentences = re.split(r"(?<=[.:;])\s+(?=[A-Z\"{])", text.strip())
    return [escaped(line) for sentence in sentences for line in wrapped(sentence)]


# --- Commands --------------------------------------------------------------------------------------

def option_item(fields):
    _, _, names, value, default, purpose = fields
    value, repeats = value.removesuffix("..."), value.endswith("...")
    value = value.split(":")[-1].split(" ")[0].strip("{}") if value else ""
    words = []
    for name in names.split(","):
        words.append(f"Fl {escaped(name[1:])}" if name.startswith("-") else f"Ar {escaped(name)}")
    head = ".It " + " , ".join(words)
    if value and names.startswith("-"):
        choices = "|" in value or "," in value
        head += f" Ar \"{escaped(value.replace(',', '|') if choices else value.lower())}\""
    lines = [head + (" ..." if repeats else "")]
    if purpose:
        lines += paragraph(purpose if purpose[-1] in ".?!" else purpose + ".")
    default = default.strip("[]")
    if default and default != "{}":
        lines += ["Default:", f".Ql {escaped(default)} ."] if len(default) < 60 else [
            "Default:", f".Dl {escaped(default)}"]
    return lines


def commands_text(program):
    lines, open_list = [], False
    name = program.rsplit("/", 1)[-1]

    def end_list():
        nonlocal open_list
        if open_list:
            lines.append(".El")
        open_list = False

    for fields in told_by(program, "--command-table"):
        if fields[0] == "command":
            end_list()
            if fields[1]:
                lines += [f'.Ss "{escaped(name)} {escaped(fields[1])}"', *paragraph(fields[2] + ".")]
            continue
        if fields[1] and "--help" in fields[2]:
            continue
        if not open_list:
            lines.append('.Bl -tag -width Ds')
            open_list = True
        lines += option_item(fields)
    end_list()
    return lines


# --- Keys of the configuration ---------------------------------------------------------------------

def shown(facts):
    _, allowed, default, effect = facts
    text = allowed[0].upper() + allowed[1:]
    if default not in ("", '""', "[]"):
        text += f". Default: {default}"
    return text + ". " + ("Changes with a reload." if effect == "reload" else "Changes with a restart.")


class Example:
    """conf/larder.toml.example, read as: comments, then the section or the keys that they are about."""

    def __init__(self, path, facts):
        self.facts = {fields[0]: fields for fields in facts}
        self.left = dict(self.facts)
        self.lines = []
        self.comments = []
        self.section, self.told_section = "", None
        self.keys = []
        self.list_open = False
        with open(path, encoding="utf-8") as file:
            for line in file:
                self.take(line.rstrip("\n"))
        self.end_item()
        self.end_list()

    def take(self, line):
        heading = re.match(r"# --- (.*?) -*$", line)
        match = re.match(r"#?\[+([a-z_.]+)\]+$", line)
        key = re.match(r"(?:#|# or: )?([a-z_]+) = ", line)
        if heading:
            self.end_item()
            self.end_list()
            self.comments = []
            self.lines.append(f'.Ss "{escaped(heading[1])}"')
        elif not line:
            self.end_item()
            self.flush_intro()
        elif match:
            self.end_item()
            self.section = match[1]
        elif key and (line[:1] != "#" or line[1] != " " or line.startswith("# or: ")):
            self.take_key(f"{self.section}.{key[1]}")
        elif line.startswith("#"):
            if self.keys:
                self.end_item()
            self.comments.append(line[1:].removeprefix(" "))

    def take_key(self, path):
        if path in self.left:
            self.keys.append(self.left.pop(path))

    def flush_intro(self):
        """Comments that stand alone."""
        if self.comments and self.comments[0].startswith("Configuration of larder"):
            # The page says itself what stands before the forms of values.
            forms = next(i for i, text in enumerate(self.comments) if text.startswith("Durations"))
            self.comments = self.comments[forms:]
        if self.comments:
            self.end_list()
            self.lines.append(".Pp")
            self.add_comments(self.comments)
        self.comments = []

    def add_comments(self, comments):
        text, literal = [], []

        def flush():
            nonlocal text, literal
            if literal:
                self.lines += [".Bd -literal -offset indent", *map(escaped, literal), ".Ed"]
            if text:
                joined = re.sub(r": \[restart\]$", ": with a restart.", " ".join(text))
                joined = re.sub(r"\s*\[restart\]$", "", joined).strip()
                self.lines.extend(paragraph(joined))
            text, literal = [], []
        for comment in comments:
            if comment.startswith("  ") and not text[-1:] == [""]:
                if text:
                    flush()
                literal.append(comment[2:])
            else:
                if literal:
                    flush()
                if comment:
                    text.append(comment)
        flush()

    def end_list(self):
        if self.list_open:
            self.lines.append(".El")
        self.list_open = False

    def end_item(self):
        if not self.keys:
            return
        section = self.keys[0][0].rpartition(".")[0]
        if section != self.told_section or not self.list_open:
            self.end_list()
            is_list = section in ("listener", "stack", "stack.scope")
            name = f"[[{section}]]" if is_list else f"[{section}]"
            self.lines += [".Pp", f".Sy {escaped(name)}", ".Bl -tag -width Ds"]
            self.list_open, self.told_section = True, section
        self.lines.append(".It " + " , ".join(f"Cm {key[0].rpartition('.')[2]}" for key in self.keys))
        self.add_comments(self.comments)
        for key in self.keys:
            name = key[0].rpartition(".")[2]
            if self.comments or key is not self.keys[0]:
                self.lines.append(".br")
            prefix = f"{name}: " if len(self.keys) > 1 else ""
            self.lines += paragraph(prefix + shown(key))
        self.keys, self.comments = [], []


def keys_text(program, example):
    read = Example(example, told_by(program, "--config-keys"))
    if read.left:
        sys.exit(f"{example} does not have: {', '.join(read.left)}")
    before = [""] + read.lines
    return [line for line, last in zip(read.lines, before) if line != ".Pp" or not last.startswith((".Ss", ".Pp"))][
        read.lines[0] == ".Pp":]


def main():
    template, program, example = sys.argv[1:4]
    with open(template, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line == "@COMMANDS@":
                print("\n".join(commands_text(program)))
            elif line == "@KEYS@":
                print("\n".join(keys_text(program, example)))
            elif line.startswith(".") or len(line) <= 80:
                print(line)
            else:
                print("\n".join(wrapped(line)))


if __name__ == "__main__":
    main()
