"""Tables of nets: their figures against references and papers, their cells against the papers'."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache

import pytest

from netdsl.cli.main import main
from netdsl.draw.table import Table, configurations, rows_table
from netdsl.draw.table_parts import Cell, Slot, grid
from netdsl.draw.table_words import significant
from netdsl.zoo import bundled_nets
from tests.analyze.nets import net
from tests.conftest import REPOSITORY
from tests.draw.tables import rows_of
from tests.specs.bundled import SPECS, bundled, reference

VGG = ["VGG11", "VGG11LRN", "VGG13", "VGG16C", "VGG16", "VGG19"]
RESNET = ["ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152"]
DENSENET = ["DenseNet121", "DenseNet169", "DenseNet201", "DenseNet161"]

# Table 1 of "Going deeper with convolutions": output size, depth, filters, ops in millions.
GOOGLENET = [
    ("112 × 112 × 64", 1, (), 34),
    ("56 × 56 × 192", 2, (), 360),
    ("28 × 28 × 256", 2, (64, 96, 128, 16, 32, 32), 128),
    ("28 × 28 × 480", 2, (128, 128, 192, 32, 96, 64), 304),
    ("14 × 14 × 512", 2, (192, 96, 208, 16, 48, 64), 73),
    ("14 × 14 × 512", 2, (160, 112, 224, 24, 64, 64), 88),
    ("14 × 14 × 512", 2, (128, 128, 256, 24, 64, 64), 100),
    ("14 × 14 × 528", 2, (112, 144, 288, 32, 64, 64), 119),
    ("14 × 14 × 832", 2, (256, 160, 320, 32, 128, 128), 170),
    ("7 × 7 × 832", 2, (256, 160, 320, 32, 128, 128), 54),
    ("7 × 7 × 1024", 2, (384, 192, 384, 48, 128, 128), 71),
    ("1000", 1, (), 1),
]
# The two rows of its ops that do not follow from its own filters.
WRONG = [("112 × 112 × 64", 34), ("7 × 7 × 832", 54)]


def text(cell: Cell) -> str:
    return "\n".join(line.text for line in cell.lines)


def number(cell: Cell) -> int:
    return int(text(cell).replace(",", "") or 0)


def lines(table: Table, part: str = "body") -> list[list[str]]:
    """The texts of a table's places, row by row."""
    groups = table.body if part == "body" else (getattr(table, part),)
    slots = [row for group in groups for row in grid(group, len(table.sides))]
    return [[text(slot.cell) for slot in row] for row in slots]


def column(table: Table, at: int) -> list[str]:
    """What a net of a configuration table has, line by line, but for its input."""
    return "\n".join(row[at] for row in lines(table)[1:]).split("\n")


def bold(table: Table, at: int) -> list[str]:
    """The bold lines of a column."""
    slots: list[Slot] = [row[at] for group in table.body for row in grid(group, len(table.sides))]
    return [line.text for slot in slots for line in slot.cell.lines if line.bold]


@cache
def family(file: str, *names: str) -> Table:
    return configurations([bundled(f"{file}.net:{name}") for name in names])


def test_figures_of_every_bundled_net_are_those_of_its_reference() -> None:
    held = 0
    for entry in bundled_nets().values():
        table = rows_of(entry.net)
        figures = [(number(row[-2]), number(row[-1])) for rows in table.body for row in rows
                   if len(row) == len(table.sides)]  # fmt: skip
        total = number(table.foot[0][-2]), number(table.foot[0][-1])
        assert (sum(p for p, _ in figures), sum(m for _, m in figures)) == total
        if entry.reference is None:
            continue
        library, _, key = entry.reference.partition(":")
        expected = reference(library)[key]
        # Keras' total has running statistics; a row without multiply-adds was not measured.
        params = expected["trainable"] if library == "keras" else expected["params"]
        assert total == (params, expected.get("macs", total[1])), entry.net
        held += 1
    assert held > 150


@pytest.mark.parametrize("place", ["googlenet.net:GoogLeNet", "mobilenet_v2.net", "unet.net:UNet"])
def test_figures_are_those_of_check(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(SPECS / place), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    found = bundled(f"{place.partition(':')[0]}:{report['net']}")
    (total,) = rows_table(found).foot
    assert number(total[-2]) == report["params"]["trainable"] + report["params"]["frozen"]
    assert number(total[-1]) == report["macs"] == sum(row["macs"] for row in report["layers"])
    assert number(total[-2]) == sum(row["params"] for row in report["layers"])


def test_googlenet_has_the_rows_of_its_paper() -> None:
    table = rows_of("googlenet.net:GoogLeNet")
    # The paper has the 1x1 before the 3x3 in one row, and the heads of training in none.
    rows = [row for row in lines(table) if "training" not in row[0] and row[-1]]
    first, reduce, second, *others = rows
    assert (reduce[1:3], second[1]) == (["1 × 1 / 1", "56 × 56 × 64"], "3 × 3 / 1")
    both = [*second[:3], "2", *second[4:-1], str(_macs(reduce) + _macs(second))]
    found = [first, both, *others]
    assert first[1] == "7 × 7 / 2"
    wrong = []
    for row, (size, depth, filters, millions) in zip(found, GOOGLENET, strict=True):
        assert (row[2], int(row[3])) == (size, depth)
        assert tuple(int(value) for value in row[4:10] if value) == filters
        # The paper rounds some and cuts others.
        wrong += [(size, millions)] if abs(_macs(row) / 10**6 - millions) >= 1 else []
    assert wrong == WRONG
    assert number(table.foot[0][3]) == 22


def _macs(row: list[str]) -> int:
    return int(row[-1].replace(",", ""))


def test_parameters_stand_below_their_block() -> None:
    head = lines(rows_of("googlenet.net:GoogLeNet"), "head")
    assert head[0][4:10] == ["inception"] * 6
    assert head[1][4:10] == ["c1", "r3", "c3", "r5", "c5", "pool"]


def test_what_exists_in_training_only_says_so() -> None:
    table = rows_of("googlenet.net:GoogLeNet")
    heads = [row for row in lines(table) if "training" in row[0]]
    assert [row[0] for row in heads] == [
        "head(1000) (aux1), in training only",
        "head(1000) (aux2), in training only",
    ]
    assert all(row[3] == "0" and row[-2] and not row[-1] for row in heads)


def test_neighbours_that_are_alike_are_one_row() -> None:
    table = rows_table(bundled("resnet.net:ResNet50"))
    blocks = [row for row in lines(table) if row[0].startswith("bottleneck")]
    counts = ["", " × 2", "", " × 3", "", " × 5", "", " × 2"]
    assert [row[0] for row in blocks] == [f"bottleneck{count}" for count in counts]
    head = lines(table, "head")[1]
    assert [row[head.index("width")] for row in blocks] == [
        str(width) for width in (64, 128, 256, 512) for _ in range(2)
    ]
    assert [row[-2:] for row in lines(table)][:2] == [["9,536", "118,013,952"], ["", ""]]
    assert lines(table, "foot")[0][-2:] == ["25,557,032", "4,089,184,256"]


@pytest.mark.parametrize(
    "name",
    [
        *(f"vgg.net:{name}" for name in VGG),
        *(f"resnet.net:{name}" for name in RESNET),
        *(f"densenet.net:{name}" for name in DENSENET),
        "resnet_cifar.net:ResNet20",
        "resnet_cifar.net:ResNet1202",
    ],
)
def test_the_depth_is_what_the_net_is_called_after(name: str) -> None:
    (depth,) = re.findall(r"\d+", name.partition(":")[2])
    table = rows_of(name)
    assert text(table.foot[0][3]) == depth
    # These nets are chains: no row lies beside another.
    assert sum(number(row[3]) for rows in table.body for row in rows) == int(depth)


def test_groups_runs_and_shared_layers() -> None:
    table = rows_table(
        net("""
net A {
  input x: 6x6x8
  shared twice = conv(8, 3, pad=same)
  { conv(8, 1) -> relu } as stage
  repeat 100 { conv(8, 3, pad=same) -> maxpool((3, 1), stride=1, pad=same) }
  twice -> twice
  depthwise(3, pad=same) as last
}
""")
    )
    rows = lines(table)
    assert [row[:2] for row in rows] == [
        ["stage"] * 2,
        ["conv, relu", "1 × 1 / 1"],
        ["in turn × 100"] * 2,
        ["conv × 100", "3 × 3 / 1"],
        ["maxpool × 100", "3 × 1 / 1"],
        ["then"] * 2,
        ["conv (twice) × 2", "3 × 3 / 1"],
        ["depthwise (last)", "3 × 3 / 1"],
    ]
    assert [row[3] for row in rows if row[3].isdigit()] == ["1", "100", "0", "2", "1"]
    assert [row[4] for row in rows if row[3].isdigit()] == ["72", "58,400", "", "584", "80"]
    assert lines(table, "foot")[0][3:5] == ["104", "59,136"]


def test_a_shared_layer_that_only_blocks_use_has_a_row() -> None:
    table = rows_table(
        net("""
block use { shared inner = dense(4)
  inner -> relu -> inner }
net A { input x: 4
  shared outer = dense(4)
  let through = { outer }
  through -> use -> use }
""")
    )
    assert sum(number(row[-2]) for rows in table.body for row in rows) == number(table.foot[0][-2])


def test_sizes_that_are_open_stay_expressions() -> None:
    table = rows_table(net("net A { input image: ?x?x3\n conv(8, 3, stride=2, pad=same) }"))
    assert lines(table)[0][2] == "(height - height // 2) × (width - width // 2) × 8"
    assert "height" in lines(table)[0][-1]
    family = configurations([net("net A { input image: ?x?x3\n conv(8, 3, pad=same) }")])
    assert lines(family)[1:] == [["height × width", "conv 3 × 3, 8"]]


def test_vgg_has_the_columns_of_its_paper() -> None:
    table = family("vgg", *VGG)
    assert lines(table, "head")[1][1:] == [
        f"{count} weight layers" for count in (11, 11, 13, 16, 16, 19)
    ]
    one, two, three = (f"conv {size} × {size}" for size in (1, 2, 3))
    widths = (64, 128, 256, 512, 512)
    for at, depths, last in [
        (1, (1, 1, 2, 2, 2), None),
        (3, (2, 2, 2, 2, 2), None),
        (4, (2, 2, 2, 2, 2), one),
        (5, (2, 2, 3, 3, 3), None),
        (6, (2, 2, 4, 4, 4), None),
    ]:
        expected = []
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            expected += [f"{three}, {width}"] * depth
            expected += [f"{last}, {width}"] if last and stage > 1 else []
            expected.append(two.replace("conv", "maxpool"))
        expected += ["dense(4096)", "dense(4096)", "dense(1000)", "softmax"]
        assert column(table, at) == expected


def test_vgg_is_bold_where_its_paper_is() -> None:
    table = family("vgg", *VGG)
    assert [bold(table, at) for at in range(1, 7)] == [
        [],
        ["lrn"],
        ["conv 3 × 3, 64", "conv 3 × 3, 128"],
        [f"conv 1 × 1, {width}" for width in (256, 512, 512)],
        [f"conv 3 × 3, {width}" for width in (256, 512, 512)],
        [f"conv 3 × 3, {width}" for width in (256, 512, 512)],
    ]


def test_weights_of_vgg_are_those_of_table_2() -> None:
    weights = lines(family("vgg", *VGG), "foot")[-1]
    assert weights == ["weights (millions)", "133", "133", "133", "134", "138", "144"]


def test_what_all_nets_have_is_merged() -> None:
    table = family("vgg", *VGG)
    spans = [[cell.columns for cell in row] for rows in table.body for row in rows]
    assert spans[0] == [1, 6]  # the input
    assert spans[-1] == spans[-2] == [1, 6]  # the last pool, the classifier
    assert table.body[2][0][0].rows == 2  # a pool that all have, and what differs below it


def test_resnet_has_the_blocks_of_its_paper() -> None:
    table = family("resnet", *RESNET)
    for at, (block, counts) in enumerate(
        [
            ("residual", (2, 2, 2, 2)),
            ("residual", (3, 4, 6, 3)),
            ("bottleneck", (3, 4, 6, 3)),
            ("bottleneck", (3, 4, 23, 3)),
            ("bottleneck", (3, 8, 36, 3)),
        ],
        1,
    ):
        widths = (64, 128, 256, 512)
        expected = [f"{block}({w}) × {n}" for w, n in zip(widths, counts, strict=True)]
        assert [line for line in column(table, at) if block in line] == expected
    sizes = [row[0] for row in lines(table)]
    assert sizes == ["input", *(f"{n} × {n}" for n in (112, 56, 56, 28, 14, 7)), "1000"]
    assert "The first block of a stage has the stride." in table.notes


def test_densenet_has_the_layers_of_its_paper() -> None:
    table = family("densenet", *DENSENET)
    for at, (growth, depths) in enumerate(
        [
            (32, (6, 12, 24, 16)),
            (32, (6, 12, 32, 32)),
            (32, (6, 12, 48, 32)),
            (48, (6, 12, 36, 24)),
        ],
        1,
    ):
        found = [line for line in column(table, at) if "dense_layer" in line]
        assert found == [f"dense_layer({growth}) × {depth}" for depth in depths]
    # A transition: a convolution that ends one stage, a pool that begins the next.
    assert column(table, 1).count("avgpool 2 × 2") == 3
    assert [line for line in column(table, 1) if line.startswith("conv 1 × 1")] == [
        f"conv 1 × 1, {width}" for width in (128, 256, 512)
    ]


def test_what_differs_throughout_is_told_in_a_note() -> None:
    nets = [bundled("inception_v3.net:InceptionV3"), bundled("inception_v3.net:InceptionV3Keras")]
    table = configurations(nets)
    assert column(table, 1).count("inception_c × 2") == column(table, 2).count("inception_c × 2")
    (note,) = [note for note in table.notes if note.startswith("reduction_a")]
    assert "scale=false" in note.partition(" in InceptionV3;")[2]


def test_what_one_net_alone_has_is_shown() -> None:
    nets = [bundled("vgg.net:VGG11"), bundled("vgg.net:VGG11BN")]
    table = configurations(nets)
    assert bold(table, 2) == ["batchnorm"] * 8
    assert "Not shown: dropout, flatten, relu." in table.notes
    alone = configurations(nets[1:])
    assert "Not shown: batchnorm, dropout, flatten, relu." in alone.notes


def test_stages_that_one_net_lacks_stay_empty() -> None:
    spec = """
net Deep { input x: 32x32x3
  conv(4, 3, pad=same) -> maxpool(2) -> conv(8, 3, pad=same) -> maxpool(2) -> flatten -> dense(2) }
net Flat { input x: 32x32x3
  conv(4, 3, pad=same) -> maxpool(4) -> flatten -> dense(2) }
"""
    table = configurations([net(spec, "Deep"), net(spec, "Flat")])
    assert lines(table)[2:-1] == [
        ["16 × 16", "maxpool 2 × 2\nconv 3 × 3, 8", ""],
        ["8 × 8", "maxpool 2 × 2", "maxpool 4 × 4"],
    ]


def test_nets_of_other_input_sizes_stand_side_by_side() -> None:
    table = configurations([bundled("vit.net:ViTB16"), bundled("vit.net:ViTB32")])
    assert [row[0] for row in lines(table)] == ["input", "14 × 14\n7 × 7", "197\n50", "1000"]


def test_the_same_lines_again_and_again_are_one() -> None:
    steps = " -> ".join(["dense(7) -> relu -> dense(6)"] * 5)
    table = configurations([net(f"net A {{ input x: 6\n {steps} -> dense(2) }}")])
    assert column(table, 1) == ["(dense(7); dense(6)) × 5", "dense(2)"]
    table = configurations([net("net A { input x: 6\n dense(6)\n repeat 20 { dense(6) } }")])
    assert column(table, 1) == ["(dense(6)) × 21"]


def test_three_digits() -> None:
    assert [significant(n) for n in (0.0617, 0.27, 9.996, 133.05, 1234.5)] == [
        "0.0617",
        "0.270",
        "10.0",
        "133",
        "1,234",
    ]


def test_the_same_net_gives_the_same_table_in_every_run() -> None:
    code = (
        "import netdsl\n"
        "from netdsl.draw.table import configurations, rows_table\n"
        "from netdsl.draw.table_formats import write_html, write_latex, write_markdown\n"
        "nets = [netdsl.load(name).elaborated for name in ('inception_v3', 'keras/InceptionV3')]\n"
        "for table in (configurations(nets), rows_table(nets[0])):\n"
        "    print(write_html(table), write_latex(table), write_markdown(table))\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0]
