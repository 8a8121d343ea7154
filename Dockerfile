# One image for every process of a cluster (docker-compose.yml). The programs are in /app/bin:
# apiserver, scheduler, controller-manager, node-agent, broker, setup, regatta.
#
#   docker build -t regatta:local .
#
# BASE_IMAGE: what it runs on: Node.js 20.19 or newer and /bin/sh.
# BUILD_IMAGE: where it is built: the same, with npm. Set it when BASE_IMAGE has no npm, or no way to the npm registry.
ARG BASE_IMAGE=docker.io/library/node:24-slim
ARG BUILD_IMAGE

FROM ${BUILD_IMAGE:-${BASE_IMAGE}} AS build
WORKDIR /src
# The manifests first: dependencies are fetched again only when these change.
COPY package.json package-lock.json .npmrc ./
COPY packages/api/package.json packages/api/
COPY packages/runtime/package.json packages/runtime/
COPY packages/store/package.json packages/store/
COPY packages/bus/package.json packages/bus/
COPY packages/client/package.json packages/client/
COPY packages/apiserver/package.json packages/apiserver/
COPY packages/scheduler/package.json packages/scheduler/
COPY packages/controller-manager/package.json packages/controller-manager/
COPY packages/node-agent/package.json packages/node-agent/
COPY packages/cli/package.json packages/cli/
COPY test/package.json test/
COPY bench/package.json bench/
RUN npm ci --no-audit --no-fund --loglevel=error
COPY scripts scripts
COPY packages packages
COPY LICENSE ./
RUN node scripts/build.mjs && node scripts/image.mjs /image
COPY docker/health-check.mjs /image/

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="Regatta" \
      org.opencontainers.image.description="A Kubernetes cluster whose machines are emulated and whose everything else is real" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /app
# Where volumes are mounted: a new volume takes owner and mode from here. Nobody else reads what is in them, but the
# configuration of nats, which holds no secret.
RUN mkdir -p /var/lib/regatta /etc/regatta /setup/apiserver /setup/nats /setup/scheduler /setup/controller-manager /setup/join \
    && chmod 0700 /var/lib/regatta /etc/regatta /setup/* && chmod 0755 /setup/nats \
    && chown -R 10001:10001 /var/lib/regatta /etc/regatta /setup
ENV PATH=/app/bin:$PATH \
    NODE_ENV=production \
    HOME=/tmp \
    REGATTA_DATA_DIR=/var/lib/regatta
USER 10001:10001
WORKDIR /var/lib/regatta
HEALTHCHECK --interval=5s --timeout=5s --retries=3 --start-period=30s CMD ["node", "/app/health-check.mjs"]
CMD ["regatta", "--help"]
