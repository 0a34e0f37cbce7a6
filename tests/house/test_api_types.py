"""The front end's types are those of the server's OpenAPI schema."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_front_ends_types_are_made_from_the_present_schema(tmp_path: Path) -> None:
    schema = subprocess.run([sys.executable, "-m", "server.cli", "schema"], check=True, capture_output=True, cwd=ROOT)
    (tmp_path / "schema.json").write_bytes(schema.stdout)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    maker = ROOT / "pwa/node_modules/.bin/openapi-typescript"
    subprocess.run(
        [str(maker), str(tmp_path / "schema.json"), "--default-non-nullable=false", "-o", str(tmp_path / "schema.ts")],
        check=True, capture_output=True, env=environment,
    )  # fmt: skip
    made, kept = (tmp_path / "schema.ts").read_text(), (ROOT / "pwa/src/api/schema.ts").read_text()
    assert made == kept, "run `npm --prefix pwa run api` and commit what it makes"
