"""Run the fuzz targets of ``c_realtime/fuzz``: ``make fuzz``.

Each target begins with its own seeds; those that parse datagrams with the golden vectors of ``protocols/vectors`` as
well. With libFuzzer, inputs are kept that reach new code, in ``corpus`` beside the programs, for the next run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fuzz_seeds import golden_seeds

from spinnlive.boards.emulated import boot_image

TARGETS = ("datagram", "boot", "image", "frame", "control", "gdb", "snapshot", "log")

INPUTS_PER_SECOND = {"datagram": 500, "snapshot": 50, "log": 50}
"""How many inputs of the own mutator stand for a second, for targets that are slower than others."""

FAST = 300
"""The same for all others."""

LIBFUZZER_OPTIONS = ("-timeout=300", "-rss_limit_mb=8192", "-print_final_stats=1", "-max_len=32768")


def write_corpus(programs: Path, target: str) -> Path:
    """Write a target's seeds as files; give their folder."""
    corpus = programs / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    subprocess.run([programs / f"fuzz_{target}", "--write-seeds", corpus], check=True)
    for name, content in golden_seeds(target):
        (corpus / f"golden-{name}").write_bytes(content)
    return corpus


def command(programs: Path, guided: Path, target: str, seconds: int) -> list[str]:
    """How to run a target for about so long."""
    program = guided / f"libfuzzer_{target}"
    if program.is_file():
        corpus = write_corpus(programs, target)
        found = f"-artifact_prefix={programs / target}-"
        return [str(program), f"-max_total_time={seconds}", *LIBFUZZER_OPTIONS, found, str(corpus)]
    count = seconds * INPUTS_PER_SECOND.get(target, FAST)
    return [str(programs / f"fuzz_{target}"), "--count", str(count)]


def told(output: str) -> str:
    """What the output says at its end: libFuzzer's last coverage, or the own mutator's counts."""
    lines = output.splitlines()
    guided = [line for line in lines if " cov: " in line]
    return " ".join((guided or lines or [""])[-1].split())


def run(words: list[str], log: Path) -> bool:
    """Run a target; keep its output in ``log``. True if it found nothing."""
    environment = {**os.environ, "SPINNLIVE_BOOT_IMAGE": str(boot_image())}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    verdict = "well" if done.returncode == 0 else f"exit code {done.returncode}, see {log}"
    print(f"{Path(words[0]).name}: {verdict}; {told(done.stderr + done.stdout)}", flush=True)
    return done.returncode == 0


def run_datagrams(programs: Path, count: int, seed: int, jobs: int) -> bool:
    """Give so many mutants, in so many processes side by side, each a part of the same run."""
    share = -(-count // jobs)
    parts = [(begin, min(share, count - begin)) for begin in range(0, count, share)]
    words = [str(programs / "fuzz_datagram"), "--seed", str(seed)]
    with ThreadPoolExecutor(jobs) as pool:
        wells = pool.map(
            lambda part: run(
                [*words, "--from", str(part[0]), "--count", str(part[1])],
                programs / f"datagrams-{part[0]}.log",
            ),
            parts,
        )
    return all(list(wells))


def main() -> None:
    """Run what was asked for; the exit code is 1 if something was found."""
    parser = argparse.ArgumentParser(description="Fuzz every parser of outside bytes.")
    parser.add_argument("--programs", type=Path, required=True, help="where the programs are")
    parser.add_argument(
        "--guided", type=Path, help="where those for libFuzzer are; as --programs if not given"
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one")
    parser.add_argument(
        "--datagrams", type=int, help="instead: so many mutants for one booted board after another"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the run of --datagrams")
    parser.add_argument("--jobs", type=int, default=1, help="processes for --datagrams")
    arguments = parser.parse_args()
    programs: Path = arguments.programs
    if arguments.datagrams:
        well = run_datagrams(programs, arguments.datagrams, arguments.seed, max(1, arguments.jobs))
        sys.exit(not well)
    guided: Path = arguments.guided or programs
    wells = [
        run(command(programs, guided, target, arguments.seconds), programs / f"{target}.log")
        for target in arguments.target or TARGETS
    ]
    sys.exit(not all(wells))


if __name__ == "__main__":
    main()
