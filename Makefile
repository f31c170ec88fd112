PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin

# Tests start some hundred processes, each of which would compile the register anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install run check test bench messages stop clean

install: .venv/installed .venv/compiled

.venv/installed: requirements-dev.txt
	$(if $(UV),$(UV) venv -q --allow-existing .venv,$(PYTHON) -m venv .venv)
	$(if $(UV),$(UV) pip install -q --python $(BIN)/python --require-hashes -r $<,$(BIN)/pip install -q --require-hashes -r $<)
	touch $@

# Where there is no C compiler the engine runs as it is written.
.venv/compiled: .venv/installed config/compiled.py $(wildcard compliance/engine/*.py)
	$(BIN)/python -m config.compiled
	touch $@

run: install
	@$(BIN)/python -m config.supervise

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/mypy --strict compliance/engine
	$(BIN)/lint-imports
	$(BIN)/python -m config.walls
	$(BIN)/python -m config.forbidden
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive -ll accounts bench centres chips compliance config demonstration reports manage.py
	SECRET_KEY_FILE= SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') DEBUG=false ALLOWED_HOSTS=check.invalid $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m config.messages check
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m config.audit

test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: install
	$(BIN)/python -m bench

messages: install
	$(BIN)/python -m config.messages update

stop: install
	$(BIN)/python -m config.services stop

clean:
	@printf 'Remove var/ (the embedded database and every uploaded file), .venv/ and the compiled engine? [y/N] '; read answer; [ "$$answer" = y ] && rm -rf var .venv compliance/engine/.compiled || echo 'Nothing removed.'
