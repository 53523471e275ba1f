"""The errors that a user can mend: one line that names the thing and says what to do."""


class ShowreelError(Exception):
    """Something outside the code is wrong: a file, an archive, the network. The command exits with 1."""

    exit_code = 1


class ParamsError(ShowreelError):
    """params.yaml, or a name given on the command line, is wrong. The command exits with 2."""

    exit_code = 2
