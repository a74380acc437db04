"""What a server says of itself in `postmaster.pid`, and whether its process can be it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Postmaster:
    pid: int  # 0: there is no such file
    status: str  # the file's eighth line: starting, ready, stopping

    @classmethod
    def absent(cls) -> Self:
        return cls(0, "")

    @property
    def ready(self) -> bool:
        return self.status == "ready"

    @property
    def dead(self) -> bool:
        """Its process is gone, is a zombie, or is another program by now."""
        if self.pid <= 1:
            return False
        state, name = _process(self.pid)
        return state in {"", "Z"} or not name.startswith("postgres")


def recorded(cluster: Path) -> Postmaster:
    """As the file stands now: it may be missing, and it may be only half written."""
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return Postmaster.absent()
    pid = lines[0].strip() if lines else ""
    status = lines[7].strip() if len(lines) > 7 else ""
    return Postmaster(int(pid) if pid.isdecimal() else 0, status)


def _process(pid: int) -> tuple[str, str]:
    """The state letter and the program's name, or nothing if there is no such process."""
    if Path("/proc/self/stat").exists():
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return "", ""
        name, _, rest = text.partition("(")[2].rpartition(")")
        return rest.split()[0], name
    told = subprocess.run(  # noqa: S603 - fixed program and a number
        ["/bin/ps", "-o", "stat=,ucomm=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split(maxsplit=1)
    return (told[0][:1], told[1].strip()) if len(told) == 2 else ("", "")
