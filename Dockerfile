# Built from the source beside it; `docker build --tag streamcontract .`
FROM python:3.13-slim AS build
COPY . /source
RUN python -m venv /opt/streamcontract \
 && /opt/streamcontract/bin/pip install --no-cache-dir --disable-pip-version-check /source '/source/test-harness[app]'

FROM python:3.13-slim
RUN useradd --uid 10001 --no-log-init --create-home checker
COPY --from=build /opt/streamcontract /opt/streamcontract
ENV PATH="/opt/streamcontract/bin:$PATH" PYTHONUNBUFFERED=1
USER checker
WORKDIR /contracts
ENTRYPOINT ["streamcontract"]
CMD ["--help"]
