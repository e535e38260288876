# The app for whoever runs containers: no root, weights inside, runs and cache in volumes.
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 app
WORKDIR /home/app/crackdemo

# --build-arg PIP_ARGS="..." names an index that has CPU builds of torch, which are far smaller
ARG PIP_ARGS=""
COPY requirements.txt requirements.lock ./
RUN pip install --no-cache-dir --requirement requirements.txt --constraint requirements.lock $PIP_ARGS

COPY app.py README.md ./
COPY crackdemo crackdemo
COPY checkpoints checkpoints
RUN mkdir /runs /cache && chown app /runs /cache

USER app
VOLUME /runs /cache
EXPOSE 7860
HEALTHCHECK --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz')"]
# arguments that are given to the container come after these
ENTRYPOINT ["python", "app.py", "--host", "0.0.0.0", "--runs", "/runs", "--cache", "/cache"]
