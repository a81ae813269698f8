# One image for the server and the workers; which of them it is, the command says: up, server or worker.
#
# Workers hold the Docker socket, and who holds that is root: they run as root and no user is set here. The server
# needs neither: start it with `--user`, without the socket.
#
#   docker run -v /var/lib/gantry:/var/lib/gantry -v /var/run/docker.sock:/var/run/docker.sock ... worker
#
# The data directory is bound at the same path inside and outside, for what workers mount into jobs is named by its
# path on the host. No volume is declared: Docker would put one elsewhere.
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/gantry
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=gantry-ca,target=/run/secrets/gantry-ca \
    if [ -e /run/secrets/gantry-ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/gantry-ca; fi \
    && npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
# Apt asks without TLS as the image has it; where its sources were made https, it may need more authorities.
RUN --mount=type=secret,id=gantry-ca,target=/run/secrets/gantry-ca \
    if [ -e /run/secrets/gantry-ca ]; then set -- -o Acquire::https::CAInfo=/run/secrets/gantry-ca; fi \
    && apt-get "$@" update \
    && apt-get "$@" install -y --no-install-recommends git ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/gantry
COPY --from=packages /opt/gantry/node_modules node_modules
COPY package.json LICENSE* ./
COPY bin/gantry bin/gantry
COPY pipelines pipelines
COPY src src
RUN ln -s /opt/gantry/bin/gantry /usr/local/bin/gantry
# Inside a container 127.0.0.1 would be reached by nobody.
ENV GANTRY_DATA_DIR=/var/lib/gantry GANTRY_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --start-period=30s CMD ["gantry", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["gantry"]
CMD ["up"]
