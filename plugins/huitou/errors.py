"""The errors a person or a scheduler acts on.

Every class says who has to move: the user (fix the input), nobody (try again later), or the data's owner.
The command line prints the message and exits with ``exit_code``; the DAGs retry only ``TransientError``.
"""


class HuitouError(Exception):
    """A condition with one clear message that says what to do. Never carries personal data."""

    exit_code = 1


class UserError(HuitouError):
    """The input, a setting or the machine must be mended by a person; trying again changes nothing."""

    exit_code = 2


class DataQualityError(HuitouError):
    """A critical rule failed: nothing was published and nothing will be sent."""

    exit_code = 3


class TransientError(HuitouError):
    """A part was not there for now (a server starting, a network): the same call may succeed later."""

    exit_code = 4


class PermanentError(HuitouError):
    """The other side refused for good; a retry would be refused again."""

    exit_code = 5
