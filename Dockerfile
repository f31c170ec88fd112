# One image for web, worker, beat and the migration; docs/deploy.md says how it is run.
# Both stages begin with the same image, since the virtual environment points at its interpreter.
FROM python:3.11-slim-trixie AS build

# Not pinned: they compile the translations and the engine here and do not reach the final image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc gettext libc6-dev \
    && rm -rf /var/lib/apt/lists/*

# Before the code, so that a change of code does not install everything again.
WORKDIR /app
COPY requirements.txt requirements-compile.txt ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install \
        --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt \
    && pip install --no-cache-dir --require-hashes --only-binary :all: --target /opt/compile -r requirements-compile.txt

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings
COPY . .
# Production's settings ask for a secret key: this one is made for one command and kept nowhere. A checkout that
# only its owner may read would be copied as such, and nobody but root could run it.
RUN if [ -d locale ]; then DEBUG=true python -m django compilemessages; fi \
    && SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" DEBUG=false \
        python -m django collectstatic --no-input \
    && PYTHONPATH=/opt/compile python -m config.compiled \
    && python -c "import compliance.engine.judge as judge; assert judge.__file__.endswith('.so')" \
    && chmod -R a+rX .


FROM python:3.11-slim-trixie

# A number, so that whoever runs the image can see that it is not root. A new named volume takes over the
# directory's owner, so that the same user can write to it.
RUN groupadd --gid 10001 originmark \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin originmark \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/originmark

COPY --from=build /opt/venv /opt/venv
# Owned by root: what serves the code cannot change it.
COPY --from=build /app /app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    DEBUG=false \
    VAR_DIR=/var/lib/originmark

WORKDIR /app
USER 10001:10001
EXPOSE 8000

# As a proxy on this machine would ask, else the answer is a redirect to HTTPS. Not urllib: it would follow a
# redirect, and use a proxy that the environment names.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-c", "\
import http.client, sys; \
web = http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); \
web.request('GET', '/healthz', headers={'X-Forwarded-Proto': 'https'}); \
sys.exit(web.getresponse().status != 200)"]

# As config/supervise.py, but listening for other containers. The heartbeat file must not wait for a disk, and a
# file system that is read-only has no place for the control socket.
CMD ["python", "-m", "gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", \
    "--log-level", "warning", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
