# syntax=docker/dockerfile:1
FROM python:3.12-slim-bookworm AS build
# mysqlclient is compiled; the compiler stays here.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/base.txt requirements/production.txt /requirements/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /requirements/production.txt

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 platform \
    && useradd --uid 10001 --gid platform --no-create-home --shell /usr/sbin/nologin platform \
    && install -d -o platform -g platform -m 0711 /run/stack \
    && install -d -o platform -g platform -m 0700 /var/lib/platform
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Nothing is written into the image later: what isn't compiled here would be compiled at each start.
RUN /venv/bin/python -m compileall -q /app
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    VAR=/var/lib/platform
USER 10001:10001
EXPOSE 8000 8001 8002
# Reads $STACK_ENV if there is one, then becomes the command (stack/entry.py).
ENTRYPOINT ["python", "-m", "stack.entry"]
CMD ["python", "manage.py", "help"]
