"""SFTP: only servers whose key is known, with time-outs, read ahead within bounds."""

from __future__ import annotations

from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

TIMEOUT_SECONDS = 20
READ_AHEAD_REQUESTS = 64  # of 32 KiB each


class SftpFiles(SFTPFileSystem):  # type: ignore[misc]
    """An SFTP server. ``known_hosts`` in fsspec's settings names a file of keys beside the user's own."""

    protocol = ("sftp", "ssh")

    def _connect(self) -> None:
        options: dict[str, Any] = dict.fromkeys(
            ("timeout", "banner_timeout", "auth_timeout", "channel_timeout"), TIMEOUT_SECONDS
        )
        options |= self.ssh_kwargs
        known_hosts = options.pop("known_hosts", None)
        if "password" in options:
            # fsspec reads a variable as JSON where it can: a password of digits comes as a number.
            options["password"] = str(options["password"])
        self.client = paramiko.SSHClient()
        self.client.load_system_host_keys()
        if known_hosts:
            self.client.load_host_keys(str(known_hosts))
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.client.connect(self.host, **options)
        self.ftp = self.client.open_sftp()
        self.ftp.get_channel().settimeout(TIMEOUT_SECONDS)

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **kwargs: Any) -> Any:
        file = super()._open(path, mode, block_size, **kwargs)
        if mode == "rb":
            file.prefetch(file.stat().st_size, max_concurrent_requests=READ_AHEAD_REQUESTS)
        return file

    def close(self) -> None:
        """End the connection."""
        self.client.close()
