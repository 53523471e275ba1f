"""How scores are written, wherever people read them: heading, digits and unit of the numbers of metrics.json."""

from typing import NamedTuple


class Figure(NamedTuple):
    """One number.

    Attributes:
        heading: what it is, in a word or two.
        form: a format specification: its digits and whether it has a sign.
        unit: what follows it; may be empty.
    """

    heading: str
    form: str
    unit: str = ""

    def written(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{value:{self.form}} {self.unit}".rstrip()


FIGURES = {
    "input_psnr": Figure("input", ".2f", "dB"),
    "baseline_psnr": Figure("baseline", ".2f", "dB"),
    "psnr": Figure("network", ".2f", "dB"),
    "gain_db": Figure("gain", "+.2f", "dB"),
    "ssim": Figure("SSIM", ".3f"),
    "parameters": Figure("parameters", ","),
}
"""Name in metrics.json → how it is written, in the order of tables."""
