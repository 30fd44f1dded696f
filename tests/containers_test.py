#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The image's recipe and the Kubernetes examples: whole in themselves, no more rights than needed, and their
configurations are right. larderd runs as in a pod: a user without rights, tokens that its group alone may read."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import yaml
except ImportError:  # Debian's package is of Debian's Python
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("skipped: there is no yaml for Python (python3-yaml)")
    sys.exit(77)

TREE = pathlib.Path(__file__).resolve().parent.parent
PACKAGING = TREE / "packaging"
USER = 65532
DEADLINE_S = 60


def documents(name):
    text = (PACKAGING / "kubernetes" / name).read_text(encoding="utf-8")
    return list(yaml.safe_load_all(text))


def check_container(container, volumes, name):
    security = container["securityContext"]
    assert security["allowPrivilegeEscalation"] is False and "ALL" in security["capabilities"]["drop"], name
    assert security.get("readOnlyRootFilesystem") is True, f"{name}: its root may be written to"
    for mount in container["volumeMounts"]:
        assert mount["name"] in volumes, f"{name}: no volume {mount['name']}"
    inside = [mount["mountPath"] for mount in container["volumeMounts"]]
    for path in inside:
        assert not any(path != other and path.startswith(other + "/") for other in inside), f"{name}: {path} is in another"


def check_larder(container, name):
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in ("readinessProbe", "startupProbe"):
        http = container[probe]["httpGet"]
        assert http == {"path": "/healthz", "port": "metrics"} and ports["metrics"] == 9090, f"{name}: {probe}"
    assert container["livenessProbe"]["exec"]["command"][0] == "larderctl", name
    credentials = next(item["value"] for item in container["env"] if item["name"] == "CREDENTIALS_DIRECTORY")
    assert credentials in [mount["mountPath"] for mount in container["volumeMounts"]], f"{name}: no tokens"


def check_workload(workload, name):
    spec = workload["spec"]["template"]["spec"]
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items(), name
    security = spec["securityContext"]
    assert security["runAsNonRoot"] and security["runAsUser"] == USER == security["fsGroup"], name
    assert security["seccompProfile"]["type"] == "RuntimeDefault" and not spec["automountServiceAccountToken"], name
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["tokens"]["secret"]["defaultMode"] == 0o440, f"{name}: tokens are for the group of fsGroup"
    larders = [one for one in spec["containers"] if one["name"] == "larder"]
    assert len(larders) == 1, name
    for container in larders + spec.get("initContainers", []):
        check_container(container, volumes, name)
    check_larder(larders[0], name)
    assert spec["terminationGracePeriodSeconds"] >= 20, f"{name}: a drain takes 10 s, and the store some"


def check_image():
    text = (PACKAGING / "oci" / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    last = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")):]
    users = [line.split()[1] for line in last if line.startswith("USER ")]
    assert users == [f"{USER}:{USER}"], users
    assert last.index(f"USER {users[0]}") > max(i for i, line in enumerate(last) if line.startswith("RUN "))
    health = next(line for line in last if line.startswith("HEALTHCHECK "))
    assert json.loads(health[health.index("["):])[0] == "larderctl"
    assert json.loads(next(line for line in last if line.startswith("ENTRYPOINT")).split(" ", 1)[1]) == ["/usr/sbin/larderd"]
    for line in last:
        copied = re.match(r"COPY (?!--from)(\S+) ", line)
        assert not copied or (TREE / copied[1]).exists(), line
        assert not line.startswith("ADD "), line


def check_config(text, folder, name):
    """`text` as larderd --check finds it, with the token that it names."""
    path = pathlib.Path(folder) / f"{name}.toml"
    path.write_text(text.replace("/var/cache/larder", f"{folder}/{name}"), encoding="utf-8")
    (pathlib.Path(folder) / name).mkdir()  # the volume
    path.chmod(0o644)
    done = subprocess.run([os.environ["LARDERD"], "--check", str(path)], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "CREDENTIALS_DIRECTORY": f"{folder}/tokens"})
    assert done.returncode == 0 and ": ok\n" in done.stdout, f"{name}: {done.stdout}"


def run_as_in_a_pod(text, folder):
    """Returns what `larderctl status` says of a larderd whose user owns neither the token nor the volumes."""
    folder = pathlib.Path(folder)
    for name, mode in (("cache", 0o2777), ("run", 0o2777), ("out", 0o777)):
        (folder / name).mkdir()
        (folder / name).chmod(mode)
    text = text.replace("/run/larder", str(folder / "run")).replace("/var/cache/larder", str(folder / "cache"))
    text = re.sub(r"0\.0\.0\.0:\d+", "127.0.0.1:0", text)
    (folder / "pod.toml").write_text(text, encoding="utf-8")
    (folder / "pod.toml").chmod(0o644)
    os.chown(folder / "tokens" / "production-delivery", 0, USER)
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs"]
    # That user may not be able to get to the build's folder.
    programs = {name: shutil.copy(os.environ[name], folder / "out") for name in ("LARDERD", "LARDERCTL")}
    larderd = subprocess.Popen([*as_user, programs["LARDERD"], "--config", str(folder / "pod.toml"),
                                "--ready-file", str(folder / "out" / "ready.json")], stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True,
                               env={**os.environ, "CREDENTIALS_DIRECTORY": str(folder / "tokens")})
    try:
        until = time.monotonic() + DEADLINE_S
        while not (folder / "out" / "ready.json").exists():
            assert larderd.poll() is None, larderd.stderr.read()
            assert time.monotonic() < until, "larderd does not start"
            time.sleep(0.05)
        health = subprocess.run([*as_user, programs["LARDERCTL"], "--socket", str(folder / "run" / "admin.sock"),
                                 "--timeout", "10", "status", "--json"], text=True, check=True, stdout=subprocess.PIPE)
        return json.loads(health.stdout)
    finally:
        larderd.terminate()
        larderd.communicate(timeout=DEADLINE_S)


def main():
    (config,) = documents("config.yaml")
    in_pod = config["data"]["larder.toml"]
    check_workload(documents("daemonset.yaml")[0], "daemonset.yaml")
    service = documents("daemonset.yaml")[1]
    assert service["spec"]["selector"] == documents("daemonset.yaml")[0]["spec"]["selector"]["matchLabels"]
    check_workload(documents("sidecar.yaml")[0], "sidecar.yaml")
    check_image()
    with tempfile.TemporaryDirectory(prefix="larder-containers-") as folder:
        os.chmod(folder, 0o755)
        tokens = pathlib.Path(folder) / "tokens"
        tokens.mkdir()
        (tokens / "production-delivery").write_text("cs0123456789abcdef01234567\n", encoding="utf-8")
        (tokens / "production-delivery").chmod(0o440)
        check_config(in_pod, folder, "configmap")
        for name in ("oci/larder.toml", "larder.toml"):
            check_config((PACKAGING / name).read_text(encoding="utf-8"), folder, name.replace("/", "-").removesuffix(".toml"))
        if os.geteuid() == 0:
            assert run_as_in_a_pod(in_pod, folder)["state"] == "serving"
    print("image and Kubernetes examples are whole")


if __name__ == "__main__":
    main()
