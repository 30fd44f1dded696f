#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way to production of docs/install.md, block by block, below a folder instead of /: what it writes is what the unit
reads, and larderd finds it right. What needs a running systemd is left out."""

import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKEN = "cs0123456789abcdef01234567"


def blocks():
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    section = text[text.index("## From a checkout"):text.index("## Next")]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def run(command, root, text=""):
    """The command with /etc and the programs of this build instead of the system's."""
    command = re.sub(r"(?<![\w/])/etc/", f"{root}/etc/", command)
    path = f"{pathlib.Path(os.environ['LARDERD']).parent}:{os.environ['PATH']}"
    environment = {key: value for key, value in os.environ.items() if key != "CREDENTIALS_DIRECTORY"}
    done = subprocess.run(["bash", "-euc", command], input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**environment, "PATH": path}, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def follow(root):
    """What the blocks that write files, and the check, print."""
    printed = ""
    for block in blocks():
        if "/dev/stdin" in block:
            token = "credentials/" in block and "<<" not in block
            printed += run(block, root, TOKEN + "\n" if token else "")
        for line in block.splitlines():
            if "larderd --check" in line:
                printed += run(line, root)
    return printed


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "etc/systemd/system").mkdir(parents=True)
        printed = follow(root)
        config = root / "etc/larder/larder.toml"
        assert f"{config}: ok" in printed and "1 delivery token" in printed, printed
        assert "not checked" not in printed and "only root can read" not in printed, printed

        unit = pathlib.Path(os.environ["LARDER_UNIT"]).read_text(encoding="utf-8")
        assert "--config /etc/larder/larder.toml" in unit, unit
        assert config.stat().st_mode & 0o777 == 0o644, "the service's user reads the configuration"
        names = re.findall(r'credential = "([^"]+)"', config.read_text(encoding="utf-8"))
        drop_in = (root / "etc/systemd/system/larderd.service.d/credentials.conf").read_text(encoding="utf-8")
        loaded = dict(re.findall(r"^LoadCredential=([^:]+):(.*)$", drop_in, re.MULTILINE))
        assert names and set(names) == set(loaded), (names, loaded)
        for path in loaded.values():
            secret = pathlib.Path(path)
            assert secret.read_text(encoding="utf-8") == TOKEN + "\n", secret
            assert secret.stat().st_mode & 0o777 == 0o600, "root alone reads the token"
            assert secret.parent.stat().st_mode & 0o777 == 0o700, "and its folder"
        outside = run(f"larderd --check {config}", root)
        assert f'not checked: what is in the credential "{names[0]}"' in outside, outside
    print("the way to production of docs/install.md holds")


if __name__ == "__main__":
    main()
