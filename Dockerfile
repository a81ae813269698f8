# One image for server and workers; the command selects: up, server or worker.
#
# Workers need the Docker socket, which gives root access anyway, so they run as root. The server needs neither: start it
# with `--user` and without the socket.
#
#   docker run -v /var/lib/gantry:/var/lib/gantry -v /var/run/docker.sock:/var/run/docker.sock ... worker
#
# Mount the data directory at the same path as on the host, because workers mount parts of it into jobs by the path on
# the host. For the same reason there is no VOLUME.
FROM node:24-bookworm-slim AS packages
WORKDIR /opt/gantry
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=gantry-ca,target=/run/secrets/gantry-ca \
    if [ -e /run/secrets/gantry-ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/gantry-ca; fi \
    && npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
# If the package sources use https, apt may need additional certificate authorities.
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
# 127.0.0.1 is not reachable from outside the container.
ENV GANTRY_DATA_DIR=/var/lib/gantry GANTRY_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --start-period=30s CMD ["gantry", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["gantry"]
CMD ["up"]
