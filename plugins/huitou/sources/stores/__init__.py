"""Where files stand: a folder, an S3-compatible store or an SFTP server, behind fsspec's one interface.

Credentials come from fsspec's own configuration (``FSSPEC_S3_SECRET``, ``FSSPEC_SFTP_PASSWORD``, its config folder),
never from a feed file, and never reach a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any
from urllib.parse import urlsplit

import fsspec

from huitou.errors import HuitouError, TransientError, UserError

_REFUSED = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "HTTP status 403", "HTTP status 401")


@contextmanager
def opened(root: str) -> Iterator[tuple[Any, str]]:
    """(the fsspec file system of ``root``, the path of ``root`` in it), closed at the end.

    Raises ``UserError`` where the store refuses us or the URL is not right, ``TransientError`` where it cannot be
    reached. What the caller does inside is under the same care.
    """
    url = urlsplit(root)
    if url.password:
        raise UserError(
            f"The root of the files holds a password: write {url.scheme}://{url.username}@{url.hostname}/… and put the "
            f"password into the environment as FSSPEC_{url.scheme.upper()}_PASSWORD."
        )
    with _care(root), _store(root, url.scheme) as store:
        yield store, store._strip_protocol(root)


def _store(root: str, scheme: str) -> Any:
    if scheme == "s3":
        from huitou.sources.stores.s3 import S3Files

        return nullcontext(S3Files(skip_instance_cache=True))
    if scheme in ("sftp", "ssh"):
        from huitou.sources.stores.sftp import SftpFiles

        return closing(SftpFiles(skip_instance_cache=True, **SftpFiles._get_kwargs_from_urls(root)))
    try:
        return nullcontext(fsspec.core.url_to_fs(root)[0])
    except (ImportError, ValueError) as error:
        raise UserError(f"{root} cannot be opened: {error}.") from None


@contextmanager
def _care(root: str) -> Iterator[None]:
    try:
        yield
    except HuitouError:
        raise
    except FileNotFoundError:
        raise TransientError(f"{root}: a file that was listed is gone. Nothing was loaded; try again later.") from None
    except PermissionError as error:
        raise UserError(f"{root} does not let us in: {error.strerror or 'permission denied'}.") from None
    except Exception as error:
        raise _answer(root, error) from None


def _answer(root: str, error: Exception) -> Exception:
    """The message for what a client library raised. Its text may name keys and users, so it is not repeated."""
    kind = type(error).__name__
    if kind in ("AuthenticationException", "PasswordRequiredException", "BadAuthenticationType"):
        return UserError(f"{root} refused the log-in. Check the user name, and password or key in fsspec's settings.")
    if kind == "BadHostKeyException" or "known_hosts" in str(error):
        return UserError(f"{root}: the server's key is not the one in known_hosts. Add it there if it is right.")
    if isinstance(error, OSError) and any(mark in str(error) for mark in _REFUSED):
        return UserError(f"{root} refused our key. Check FSSPEC_S3_KEY and FSSPEC_S3_SECRET, or the bucket's policy.")
    if isinstance(error, OSError | EOFError) or kind in ("SSHException", "SFTPError", "NoValidConnectionsError"):
        return TransientError(f"{root} could not be read ({kind}). Nothing was loaded; try again later.")
    return error
