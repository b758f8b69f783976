# An image that checks and grades assignments: docs/assignments.md says how to run it.
#   docker build --tag keras-apps .
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

COPY . /tmp/keras_apps
RUN pip install --no-cache-dir "/tmp/keras_apps[course]" && rm -rf /tmp/keras_apps

RUN useradd --create-home grader
USER grader
WORKDIR /work
ENTRYPOINT ["keras-apps"]
CMD ["course", "list"]
