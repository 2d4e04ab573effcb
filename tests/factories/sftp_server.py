"""An SFTP server on loopback over a folder: password log-in, a host key of its own."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import paramiko

USER, PASSWORD = "shop", "20261120"


@dataclass(frozen=True)
class Sftp:
    """Where the server is, and a file that knows its key."""

    url: str
    known_hosts: Path


@contextmanager
def sftp_server(folder: Path, home: Path) -> Iterator[Sftp]:
    """A running server of ``folder``; its known-hosts line is written into ``home``."""
    key = paramiko.Ed25519Key.from_private_key_file(str(_key_file(home)))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    known = home / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n", encoding="ascii")
    transports: list[paramiko.Transport] = []
    thread = threading.Thread(target=_accept, args=(listener, key, folder, transports), daemon=True)
    thread.start()
    try:
        yield Sftp(f"sftp://{USER}@127.0.0.1:{port}/", known)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for transport in transports:
            transport.close()


def _key_file(home: Path) -> Path:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = home / "host_key"
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    return path


def _accept(listener: socket.socket, key: paramiko.PKey, folder: Path, transports: list[paramiko.Transport]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        transport = paramiko.Transport(client)
        transport.add_server_key(key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, folder)
        transports.append(transport)
        try:
            transport.start_server(server=_LogIn())
        except (paramiko.SSHException, EOFError):
            transport.close()


class _LogIn(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Folder(paramiko.SFTPServerInterface):
    """Reads alone; ``/`` is the folder."""

    def __init__(self, server: paramiko.ServerInterface, folder: Path) -> None:
        super().__init__(server)
        self._folder = folder

    def _real(self, path: str) -> Path:
        return self._folder / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            return [paramiko.SFTPAttributes.from_stat(p.stat(), p.name) for p in self._real(path).iterdir()]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._real(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        try:
            file = os.fdopen(os.open(self._real(path), os.O_RDONLY), "rb")
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return _Handle(flags, file)


class _Handle(paramiko.SFTPHandle):
    def __init__(self, flags: int, file: BinaryIO) -> None:
        super().__init__(flags)
        self.readfile = file

    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))
