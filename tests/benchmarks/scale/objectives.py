"""Objectives of the services: two for each, as for a typical service."""

import subprocess
import sys
from pathlib import Path

import yaml

from tests.benchmarks.scale.world import World


def build(world: World, folder: Path) -> Path:
    """Write the objectives of *world* and their rules into *folder*. Return the rule file."""
    kinds = {"availability": {"errors": "5.."}, "latency": {"slower_than": 0.5}}
    slos = [
        {"service": service, "name": name, "objective": 99.5, "sli": {"http": sli}}
        for service in world.names
        for name, sli in kinds.items()
    ]
    source, rules = folder / "slos.yaml", folder / "objectives.yml"
    source.write_text(yaml.safe_dump({"slos": slos}), encoding="utf-8")
    command = ("-m", "sightline", "slo", "build", source, "--profile", "production")
    with rules.open("w", encoding="utf-8") as output:
        subprocess.run([sys.executable, *command], stdout=output, check=True)
    return rules
