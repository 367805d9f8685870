# Needs Python 3.11 or newer and make; everything else goes into .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ENGINES := .venv/engines/bin
# Of the tests. Each takes up to 6 GB of memory.
PROCESSES ?= 2
# What starts processes of its own, each of up to 5 GB; by itself, so that memory is not used twice.
LARGE := tests/parity/test_backends.py

# The benchmarks by themselves; bench/gpu.sh needs a GPU, the others are parts of these.
BENCHMARKS := $(filter-out bench/gpu.py bench/measure.py bench/resnet50.py,$(wildcard bench/*.py))

.PHONY: train test engines faults fuzz examples parity parity-backends bench docs docs-pictures extension generate setup clean

# Train the small digit classifier.
train: .venv/run.stamp
	$(BIN)/netdsl train examples/digits.net --backend torch

# Format, lint, types, tests.
test: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict netdsl
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal --ignore $(LARGE)
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal $(LARGE)

# What Keras computes and trains on JAX and on PyTorch, in an environment without TensorFlow. Takes
# four minutes.
engines: .venv/engines.stamp
	set -e; for engine in jax torch; do KERAS_BACKEND=$$engine $(ENGINES)/python -m pytest \
		--numprocesses $(PROCESSES) --dist worksteal tests/catalog/test_keras_*.py \
		tests/backends/keras/test_adversaries.py tests/backends/keras/test_augment.py tests/backends/keras/test_carry.py \
		tests/backends/keras/test_devices.py tests/backends/keras/test_engine.py \
		tests/backends/keras/test_losses.py \
		tests/backends/keras/test_optimizers.py tests/backends/keras/test_weights.py; done

# Fifty runs killed at any moment, in place of the few of `make test`. Takes three minutes.
faults: .venv/dev.stamp
	NETDSL_FAULTS=50 $(BIN)/python -m pytest tests/faults

# Every example trained to its end, against the figures of its comment. Takes long.
examples: .venv/dev.stamp
	NETDSL_EXAMPLES=1 $(BIN)/python -m pytest tests/examples

# 50,000 generated and mutated specs, in place of the 2,000 of `make test`. Takes half an hour.
fuzz: .venv/dev.stamp
	NETDSL_FUZZ=50000 $(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist worksteal tests/fuzz

# Every net of torchvision and Keras with transplanted weights; writes docs/parity.md and
# docs/parity_keras.md. Takes long.
parity: .venv/dev.stamp
	$(BIN)/python -m tests.parity --write
	$(BIN)/python -m tests.parity --keras --write

# Bundled nets at small inputs on PyTorch, Keras and ONNX; what docs/backends_parity.md has not yet
# is measured and written there. Takes long.
parity-backends: .venv/dev.stamp
	$(BIN)/python -m tests.parity.backends --missing --write

# Each benchmark prints ratios against a peer that it measures in the same run.
bench: .venv/dev.stamp
	set -e; for file in $(BENCHMARKS); do $(BIN)/python $$file; done

# Every picture and table of docs/pictures.md anew.
docs-pictures: .venv/dev.stamp
	$(BIN)/python docs/pictures/make.py

# The site of the documentation in site/, with warnings as errors; tests/docs builds it, too.
# MkDocs 1 is what the theme is made for: without the variable it tells of MkDocs 2 at each build.
docs: .venv/docs.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# editors/vscode/netdsl.vsix, the extension for VS Code, and its tests. Needs npm; what it installs
# stands in package-lock.json. (vsce from 2.26 on brings clients of Azure along, of 46 MB.)
extension: editors/vscode/node_modules/.package-lock.json
	cd editors/vscode && npm test && npm run package

editors/vscode/node_modules/.package-lock.json: editors/vscode/package-lock.json
	cd editors/vscode && npm ci --ignore-scripts --omit=optional --no-audit --no-fund
	touch $@

# Write the parser's tables and the index of the catalogue's words again,
# and the words of editors' grammars.
generate: .venv/dev.stamp
	$(BIN)/python -m netdsl.generate

# Everything that development needs, without running anything.
setup: .venv/dev.stamp

clean:
	rm -rf .venv build dist site

.venv/created.stamp:
	$(PYTHON) -m venv .venv
	touch $@

# What it takes to run netdsl.
.venv/run.stamp: .venv/created.stamp pyproject.toml constraints.txt
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e ".[torch,data]"
	$(BIN)/python -m compileall -q netdsl  # as pip does for a wheel: `check` starts twice as fast
	touch $@

# What it takes to make the site.
.venv/docs.stamp: .venv/created.stamp pyproject.toml constraints.txt
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch $@

.venv/engines.stamp: .venv/created.stamp pyproject.toml constraints.txt
	$(PYTHON) -m venv $(ENGINES:/bin=)
	$(ENGINES)/pip install --disable-pip-version-check -c constraints.txt \
		-e ".[torch,keras-any,data]" jax pytest pytest-xdist
	touch $@

# What it takes to develop it.
.venv/dev.stamp: .venv/run.stamp
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e ".[torch,keras-any,onnx,data,huggingface,tensorboard,devices,lsp,dev]"
	$(BIN)/pip install --disable-pip-version-check -c constraints.txt --no-deps torchvision timm
	touch $@
