# docker build -t savedmodel-audit .
# docker run --rm --read-only --tmpfs /tmp -v "$PWD:/work:ro" -v "$PWD/out:/out" savedmodel-audit run audit.yaml --out /out
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY audit audit
COPY reports/templates reports/templates
RUN pip install --no-cache-dir --constraint constraints.txt hatchling
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/
RUN pip install --no-cache-dir --constraint /wheels/constraints.txt /wheels/savedmodel_audit-*.whl && rm -r /wheels
RUN useradd --uid 10001 --create-home audit
# Libraries keep caches at home, which may be read-only; /tmp may be a tmpfs.
ENV HOME=/home/audit \
    KERAS_HOME=/tmp/keras \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /work
ENTRYPOINT ["audit"]
CMD ["--help"]
