# SPDX-License-Identifier: Apache-2.0
"""larder-bench simulate as a program: a small trace, against a model of LRU and FIFO written here."""
import collections
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = os.environ.get("LARDER_BENCH") or sys.exit("LARDER_BENCH: the program to test")


def run(*arguments, code=0):
    done = subprocess.run([BENCH, "simulate", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done


def make_trace(path):
    numbers = random.Random(11)
    sizes = collections.defaultdict(lambda: numbers.randint(200, 9000))
    lines = []
    for second in range(20000):
        key = int(numbers.paretovariate(0.8)) % 3000
        if numbers.random() < 0.01:
            lines.append((second, key, 0))
            sizes[key] = numbers.randint(200, 9000)
        else:
            lines.append((second, key, sizes[key]))
    with gzip.open(path, "wt") as file:
        file.write("time,key,size\n")
        file.writelines("%d,%d,%d\n" % line for line in lines)
    return lines


def misses(lines, capacity, moves_on_hit):
    """LRU, or FIFO when hits move nothing."""
    cache = collections.OrderedDict()
    used = count = 0
    for _, key, size in lines:
        if size and cache.get(key) == size:
            if moves_on_hit:
                cache.move_to_end(key)
            continue
        used -= cache.pop(key, 0)
        count += size > 0
        if 0 < size <= capacity:
            while used + size > capacity:
                used -= cache.popitem(last=False)[1]
            cache[key] = size
            used += size
    return count


def check_counts(trace, lines):
    largest = collections.defaultdict(int)
    for _, key, size in lines:
        largest[key] = max(largest[key], size)
    report = json.loads(run(trace, "--json", "--size", "1%,10%", "--policy",
                            "lru,fifo,sieve,gdsf,gdsf-plain,belady").stdout)["traces"][0]
    assert report["footprint_bytes"] == sum(largest.values())
    assert report["requests"] == sum(size > 0 for _, _, size in lines)
    cells = {(cell["policy"], cell["size"]): cell for cell in report["cells"]}
    for size, part in ("1%", 0.01), ("10%", 0.1):
        capacity = int(part * sum(largest.values()))
        for policy, moves in ("lru", True), ("fifo", False):
            cell = cells[policy, size]
            assert cell["capacity_bytes"] == capacity, (cell, capacity)
            assert cell["misses"] == misses(lines, capacity, moves), (cell, policy)
        assert cells["belady", size]["misses"] < cells["gdsf", size]["misses"]
        assert cells["gdsf", size]["misses"] < cells["lru", size]["misses"]
        assert all(cell["most_charged_bytes"] <= capacity for (_, of), cell in cells.items()
                   if of == size)


def check_sameness(trace):
    arguments = (trace, "--size", "1M,2M,64K", "--drop-hits", "0.5", "--restart", "0.5", "--low-water",
                 "0.98", "--charge", "store")
    header, _, first = run(*arguments).stdout.partition("\n\n")
    assert header.startswith("larder-bench ") and " CPUs, " in header, header
    assert "--size 1M,2M,64K" in header and "--charge store" in header, header
    assert "below the least cache.size (1 MiB): 64K." in first, first
    assert first == run(*arguments, "--threads", "1").stdout.partition("\n\n")[2]
    assert "requests missed in the 1 % after the restart" in first, first


def check_mistakes(folder):
    broken = folder / "broken.csv"
    broken.write_text("time,key,size\n1,a,5\n1,a,five\n")
    error = run(broken, code=1).stderr
    assert f"{broken}:3: the size is not a whole number of bytes" in error, error
    cut = folder / "cut.gz"
    cut.write_bytes((folder / "trace.csv.gz").read_bytes()[:-100])
    assert "cut off; copy it again, whole" in run(cut, code=1).stderr
    assert "there is no policy 'arc'; the policies are gdsf," in run(
        broken, "--policy", "arc", code=2).stderr
    assert "is no cache size" in run(broken, "--size", "big", code=2).stderr


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trace = folder / "trace.csv.gz"
        lines = make_trace(trace)
        check_counts(trace, lines)
        check_sameness(trace)
        check_mistakes(folder)
        page = folder / "page.html"
        run(trace, "--html", page)
        assert page.read_text().count("<svg ") == 2
    print("counts, sameness, mistakes and page are right")


if __name__ == "__main__":
    main()
