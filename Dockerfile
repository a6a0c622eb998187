# trailctl, to run anywhere: docker build -t trailctl . && docker run --rm trailctl --version
#
# Give it what the command needs, for example
#   docker run --rm --user "$(id -u)" -v ~/.aws:/trailctl/.aws:ro -e AWS_PROFILE trailctl validate-logs ...
#   docker run --rm -v "$PWD:/work:ro" trailctl replay logs/
#
# The local AWS and the demo are not in it: they run Terraform and need a checkout.

# AWS's mirror of the official image. For a newer one: docker buildx imagetools inspect NAME:TAG
# From a mirror of your own: docker build --build-arg BASE=registry.example.com/python:3.13 ...
ARG BASE=public.ecr.aws/docker/library/python:3.13-slim-bookworm@sha256:01f42367a0a94ad4bc17111776fd66e3500c1d87c15bbd6055b7371d39c124fb
FROM ${BASE} AS base

FROM base AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/build.txt requirements/cli.txt requirements/
RUN python -m venv /opt/trailctl \
  && /opt/trailctl/bin/pip install --no-deps --require-hashes --no-compile \
    --requirement requirements/build.txt --requirement requirements/cli.txt
COPY LICENSE pyproject.toml ./
COPY lambda_src/reactor lambda_src/reactor
COPY localaws localaws
COPY modules/detections modules/detections
COPY trailctl trailctl
RUN /opt/trailctl/bin/pip install --no-deps --no-build-isolation --no-index --no-compile . \
  && /opt/trailctl/bin/pip uninstall --yes setuptools \
  && /opt/trailctl/bin/python -m compileall -q -j 0 /opt/trailctl/lib

FROM base
# With `--user "$(id -u)"` it reads what only you can read: that user looks into /trailctl, too.
RUN useradd --create-home --home-dir /trailctl --uid 10001 trailctl && chmod 755 /trailctl
COPY --from=build /opt/trailctl /opt/trailctl
ENV HOME=/trailctl PATH=/opt/trailctl/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /work
USER 10001
HEALTHCHECK NONE
ENTRYPOINT ["trailctl"]
CMD ["--help"]
