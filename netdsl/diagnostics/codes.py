"""Every code of a diagnostic, with what it means in one line."""

from __future__ import annotations

CODES = {
    "ambiguous-step": "a bare step could mean a tensor, or a layer or block of the same name",
    "argument-twice": "a call gives the same argument two times",
    "arithmetic": "a computation has no value, such as a division by zero",
    "assertion": "an `assert` of the author's does not hold",
    "bias-before-norm": "a layer has a bias that the normalisation after it takes away",
    "backend": "a backend cannot build what the spec says",
    "circular-let": "the value of a name depends on itself",
    "defined-twice": "a file, a list of parameters or the inputs of a net have a name twice",
    "expect-in-block": "an `expect` stands in a block; only nets promise numbers",
    "expect-missed": "a number that the spec promises is another",
    "expect-skipped": "a promise holds for the net as written, not with arguments set from outside",
    "expect-unknown": "a promise names a figure that there is not",
    "file-too-large": "the file has more text than the bound allows",
    "foreign-tensor": "a tensor of one block is used in the body of another",
    "heavy-dense": "a dense layer has nine tenths of a net's weights, beside convolutions",
    "import-circle": "files import one another",
    "import-missing": "an import names a file or collection that is not there or cannot be read",
    "import-outside": "an import leads out of the folder of the main spec",
    "index": "a list has no item of this number",
    "input-in-block": "an `input` stands in a block; only nets have inputs",
    "limit": "a bound on what one spec may use is reached",
    "missing-argument": "a call leaves out an argument that has no default",
    "missing-setting": "a train section leaves out a setting that has no default",
    "nested-too-deeply": "brackets stand in brackets beyond the bound",
    "no-effect": "a step, or a value of an argument, changes nothing",
    "no-flow": "a step stands where no tensor flows",
    "no-input": "a net has no input",
    "no-main-output": "a net with several outputs and no main one is used like a layer",
    "not-a-net": "an alias `net X = …` names something that is no net",
    "not-a-step": "something that is neither a layer nor a tensor stands where a step does",
    "not-bound": "a name has no value on the way that was taken to this place",
    "not-callable": "something that takes no arguments is called",
    "not-text": "the file is not UTF-8, or has a NUL in it",
    "number-too-large": "a number is written with more digits than the bound allows",
    "operands": "a step that merges is given too few or too many tensors",
    "output-in-block": "an `output` or `auxiliary` stands in a block; only nets have outputs",
    "output-twice": "two outputs of a net have the same name",
    "pattern": "a value has not as many parts as the names that take it apart",
    "several-inputs": "a net with several inputs is used like a layer",
    "shape": "a layer does not take a tensor of this shape or kind of number",
    "shared-shapes": "a use of a shared layer needs weights of another shape than the first one",
    "softmax-inside": "a softmax stands where no shares are needed, in the middle of a net",
    "stride-skips": "steps are larger than the window, so that inputs are never seen",
    "syntax": "what is written is not a sentence of the language",
    "too-many-arguments": "a call gives more arguments without a name than there are",
    "type": "a value is of another kind than is needed here",
    "unclosed": "a bracket or brace is opened and never closed",
    "unknown-argument": "a call or default names an argument that there is not",
    "unknown-code": "a comment allows something that is no warning",
    "unknown-name": "a word means nothing at this place",
    "unknown-setting": "a train section names a setting that there is not",
    "unknown-size": "a choice or a weight depends on a size that is known only at run time",
    "unnamed-argument": "a default gives an argument without its name",
    "unused-block": "a block is never called",
    "unused-default": "a default is for something that does not occur where it holds",
    "unused-import": "an imported name is never used",
    "unused-name": "a name is given and never used",
    "unused-parameter": "a parameter is never used in what it belongs to",
    "unused-tensor": "a tensor is computed and never used",
    "wrong-value": "an argument has a value that it does not take",
}


# What is told as a warning or note, which `# netdsl: allow CODE` leaves out.
WARNINGS = frozenset(
    ("ambiguous-step", "bias-before-norm", "expect-skipped", "heavy-dense", "no-effect",
     "softmax-inside", "stride-skips", "unknown-code", "unused-block", "unused-default",
     "unused-import", "unused-name", "unused-parameter", "unused-tensor")
)  # fmt: skip


def known(code: str) -> str:
    """The code itself; an unknown one is a failure of ours, not of the spec."""
    assert code in CODES, f"{code} is missing in netdsl/diagnostics/codes.py"
    return code
