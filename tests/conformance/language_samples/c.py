from language_samples.base import BRACES, Sample

SAMPLE = Sample(
    "/* Head. */\n" + BRACES + "\nint declared(int);\nstatic void empty(void)\n{\n}\n",
    [("total", 2, 9), ("empty", 12, 14)],
)
