"""Recurrences as they are written into an emitted module.

PyTorch's own kernels compute what they can; `Stepped` goes position by position for the rest. The
classes hold their weights under the language's names, which `nn.LSTM` and its like cannot: theirs
have the number of a layer in them, and there are two biases or none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

# Which uses of a layer PyTorch's kernels compute, by the layer's word.
_KERNELS: Final[dict[str, Callable[[Any], bool]]] = {
    "rnn": lambda layer: layer.activation in ("tanh", "relu"),
    "lstm": lambda layer: layer.activation == "tanh" and not layer.peephole,
    "gru": lambda layer: layer.activation == "tanh" and layer.reset_after,
}


def has_kernel(layer: Any) -> bool:
    """Whether one of PyTorch's kernels computes a recurrence as it is."""
    return _KERNELS[layer.word](layer)


_RECURRENCE = '''
class Recurrence(nn.Module):
    """A recurrence over (batch, length, features), one way or both ways."""

    gates = 1
    # How many tensors go from position to position: a state, perhaps a cell.
    kept = 1

    def __init__(
        self,
        features,
        units,
        sequence=False,
        bidirectional=False,
        bias="single",
    ):
        super().__init__()
        self.units = units
        self.sequence = sequence
        self.ends = ("", "_reverse") if bidirectional else ("",)
        biases = {"single": ["bias"], "double": ["bias_ih", "bias_hh"], "none": []}
        self.names = ["weight_ih", "weight_hh", *biases[bias]]
        rows = self.gates * units
        for end in self.ends:
            for name in self.names:
                columns = {"weight_ih": [features], "weight_hh": [units]}.get(name, [])
                weight = nn.Parameter(torch.zeros(rows, *columns))
                self.register_parameter(name + end, weight)
            w_ih, w_hh, *_ = self.direction(end)
            nn.init.kaiming_normal_(w_ih, nonlinearity="relu")
            for gate in w_hh.data.split(units):
                nn.init.orthogonal_(gate)

    def direction(self, end):
        """The weights of one way, and their biases: None for one that it lacks."""
        found = [getattr(self, name + end) for name in self.names]
        return found + [None] * (4 - len(found))

    def forward(self, x, *initial):
        """The output at every position, or the last of each way."""
        return self.states(x, *initial)[0]

    def states(self, x, *initial):
        """The output, and what is left after the last position, ways side by side."""
        ways = len(self.ends)
        given = [t.unflatten(1, (ways, -1)).transpose(0, 1) for t in initial]
        while len(given) < self.kept:
            given.append(x.new_zeros(ways, len(x), self.units))
        output, *left = self.run(x, *(t.contiguous() for t in given))
        left = [t.transpose(0, 1).flatten(1) for t in left]
        return (output if self.sequence else left[0], *left)

    def fused(self, kernel, x, state):
        """Runs one of PyTorch's kernels, which take two biases or none."""
        weights = []
        for end in self.ends:
            w_ih, w_hh, b_ih, b_hh = self.direction(end)
            weights += [w_ih, w_hh]
            if b_ih is not None:
                weights += [b_ih, torch.zeros_like(b_ih) if b_hh is None else b_hh]
        biased, both = len(self.names) > 2, len(self.ends) > 1
        return kernel(x, state, weights, biased, 1, 0.0, self.training, both, True)
'''

_RNN = '''
class RNN(Recurrence):
    """h = activation(W x + U h + b), the activation being tanh or relu."""

    def __init__(self, features, units, activation="tanh", **options):
        super().__init__(features, units, **options)
        self.kernel = torch.rnn_relu if activation == "relu" else torch.rnn_tanh

    def run(self, x, h):
        return self.fused(self.kernel, x, h)
'''

_LSTM = '''
class LSTM(Recurrence):
    """A long short-term memory; its gates are in the order i, f, g, o."""

    gates, kept = 4, 2

    def run(self, x, h, c):
        return self.fused(torch.lstm, x, (h, c))
'''

_GRU = '''
class GRU(Recurrence):
    """A gated recurrent unit; its gates are in the order r, z, n."""

    gates = 3

    def run(self, x, h):
        return self.fused(torch.gru, x, h)
'''

_STEPPED = '''
class Stepped(Recurrence):
    """A recurrence that goes position by position, by `step`."""

    def __init__(self, features, units, activation=torch.tanh, **options):
        super().__init__(features, units, **options)
        self.activation = activation

    def run(self, x, *given):
        outputs, left = [], []
        for way, end in enumerate(self.ends):
            w_ih, w_hh, b_ih, b_hh = self.direction(end)
            steps = F.linear(x, w_ih, b_ih).unbind(1)
            carried, made = [t[way] for t in given], []
            for step in reversed(steps) if way else steps:
                carried = self.step(end, step, w_hh, b_hh, *carried)
                made.append(carried[0])
            outputs.append(torch.stack(made[::-1] if way else made, 1))
            left.append(carried)
        return torch.cat(outputs, 2), *(torch.stack(t) for t in zip(*left))
'''

_STEPPED_RNN = '''
class SteppedRNN(Stepped):
    """h = activation(W x + U h + b), with any activation."""

    def step(self, end, x, w_hh, b_hh, h):
        return (self.activation(x + F.linear(h, w_hh, b_hh)),)
'''

_STEPPED_LSTM = '''
class SteppedLSTM(Stepped):
    """A long short-term memory with any activation, whose gates may see the cell."""

    gates, kept = 4, 2

    def __init__(self, features, units, peephole=False, **options):
        super().__init__(features, units, **options)
        self.peephole = peephole
        for end in self.ends if peephole else ():
            for gate in "ifo":
                weight = nn.Parameter(torch.zeros(units))
                self.register_parameter(f"weight_c{gate}{end}", weight)

    def seen(self, gate, end, c):
        """What a gate sees of the cell."""
        return c * getattr(self, f"weight_c{gate}{end}") if self.peephole else 0

    def step(self, end, x, w_hh, b_hh, h, c):
        i, f, g, o = (x + F.linear(h, w_hh, b_hh)).chunk(4, 1)
        i = torch.sigmoid(i + self.seen("i", end, c))
        f = torch.sigmoid(f + self.seen("f", end, c))
        c = f * c + i * self.activation(g)
        o = torch.sigmoid(o + self.seen("o", end, c))
        return o * self.activation(c), c
'''

_STEPPED_GRU = '''
class SteppedGRU(Stepped):
    """A gated recurrent unit with any activation, reset before or after the product."""

    gates = 3

    def __init__(self, features, units, reset_after=True, **options):
        super().__init__(features, units, **options)
        self.reset_after = reset_after

    def step(self, end, x, w_hh, b_hh, h):
        r, z, n = x.split(self.units, 1)
        if self.reset_after:
            r_h, z_h, n_h = F.linear(h, w_hh, b_hh).split(self.units, 1)
            r, z = torch.sigmoid(r + r_h), torch.sigmoid(z + z_h)
            n = self.activation(n + r * n_h)
        else:
            cut = 2 * self.units
            b_rz, b_n = (None, None) if b_hh is None else (b_hh[:cut], b_hh[cut:])
            rz = torch.cat([r, z], 1) + F.linear(h, w_hh[:cut], b_rz)
            r, z = torch.sigmoid(rz).split(self.units, 1)
            n = self.activation(n + F.linear(r * h, w_hh[cut:], b_n))
        return ((1 - z) * n + z * h,)
'''

_MASKED = '''
class Masked:
    """Has a recurrence pass by the positions where a mask is 0 and give 0 there."""

    def forward(self, x, mask, *initial):
        return self.states(x, mask, *initial)[0]

    def states(self, x, mask, *initial):
        given = list(initial)
        while len(given) < self.kept:
            given.append(x.new_zeros(len(x), len(self.ends) * self.units))
        return super().states((x, mask != 0), *given)
'''

# The packed positions stand in the order that PyTorch's kernels want: by sequences' lengths.
_PACKED = '''
class Packed(Masked):
    """Packs the positions that count, over which a kernel of PyTorch runs."""

    def fused(self, kernel, masked, state):
        x, seen = masked
        counts = seen.sum(1)
        order = seen.int().argsort(dim=1, descending=True, stable=True)[..., None]
        first = x.gather(1, order.expand_as(x))
        pack = nn.utils.rnn.pack_padded_sequence
        packed = pack(first, counts.clamp(min=1).cpu(), True, enforce_sorted=False)

        def run(x, state, *options):
            return kernel(x.data, x.batch_sizes, state, *options[:-1])

        given = state if isinstance(state, tuple) else (state,)
        begun = [t[:, packed.sorted_indices] for t in given]
        begun = tuple(begun) if len(begun) > 1 else begun[0]
        data, *left = super().fused(run, packed, begun)
        made = packed._replace(data=data)
        y, _ = nn.utils.rnn.pad_packed_sequence(made, True, total_length=x.shape[1])
        y = torch.zeros_like(y).scatter(1, order.expand_as(y), y) * seen[..., None]
        # A sequence of which nothing counts has been given one position.
        left = [t[:, packed.unsorted_indices] for t in left]
        some = counts[:, None] > 0
        return y, *(torch.where(some, *pair) for pair in zip(left, given))
'''

_MASKED_STEPS = '''
class MaskedSteps(Masked):
    """Keeps the states as they are at the positions that do not count."""

    def run(self, masked, *given):
        x, seen = masked
        outputs, left = [], []
        for way, end in enumerate(self.ends):
            w_ih, w_hh, b_ih, b_hh = self.direction(end)
            steps = F.linear(x, w_ih, b_ih).unbind(1)
            steps = list(zip(steps, seen[..., None].unbind(1)))
            carried, made = [t[way] for t in given], []
            for step, counts in reversed(steps) if way else steps:
                new = self.step(end, step, w_hh, b_hh, *carried)
                carried = [torch.where(counts, *pair) for pair in zip(new, carried)]
                made.append(carried[0] * counts)
            outputs.append(torch.stack(made[::-1] if way else made, 1))
            left.append(carried)
        return torch.cat(outputs, 2), *(torch.stack(t) for t in zip(*left))
'''


def masked(name: str) -> str:
    """The name of the helper that is the one of that name with a mask."""
    return f"Masked{name}"


def masks(name: str) -> tuple[str, ...]:
    """The helpers that such a helper needs, beside those of the one without a mask."""
    return "Masked", "MaskedSteps" if name.startswith("Stepped") else "Packed"


def _with_mask(name: str) -> str:
    return f'''
class {masked(name)}({masks(name)[-1]}, {name}):
    """It passes by the positions that do not count."""
'''


# The recurrences, whose weights are all alike started.
KINDS: Final[dict[str, str]] = {
    "RNN": _RNN,
    "LSTM": _LSTM,
    "GRU": _GRU,
    "SteppedRNN": _STEPPED_RNN,
    "SteppedLSTM": _STEPPED_LSTM,
    "SteppedGRU": _STEPPED_GRU,
}

RECURRENT: Final[dict[str, str]] = {
    "Recurrence": _RECURRENCE,
    "Stepped": _STEPPED,
    **KINDS,
    "Masked": _MASKED,
    "Packed": _PACKED,
    "MaskedSteps": _MASKED_STEPS,
    **{masked(name): _with_mask(name) for name in KINDS},
}
