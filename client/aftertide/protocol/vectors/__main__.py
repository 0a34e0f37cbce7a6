"""Prints vectors for `protocol/vectors/`.

    python -m aftertide.protocol.vectors > protocol/vectors/python.json
    python -m aftertide.protocol.vectors negative > protocol/vectors/negative.json

Keys and nonces are new each time, the layout is always the same.
"""

import json
import sys

from aftertide.protocol.vectors import bytes_and_secrets, records_and_people, suite


def main(arguments: list[str]) -> None:
    """Print whole accounts, or (`negative`) the cases that both implementations must refuse."""
    if arguments == ["negative"]:
        cases = bytes_and_secrets.make() + records_and_people.make()
        rows = ",\n".join(json.dumps(case) for case in cases)
        sys.stdout.write(f"[\n{rows}\n]\n")
    else:
        json.dump(suite.make(), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
