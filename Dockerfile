# syntax=docker/dockerfile:1

# Countersign, for every role: `docker run … serve --roles api`. Debian and not Alpine: two of the native libraries
# (Temporal's core and the PKCS#11 bridge) do not work with musl. The version is the one that package.json pins.
FROM node:24.21.0-bookworm-slim AS packages
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
# The headers that the PKCS#11 bridge is compiled against come with the image.
ENV npm_config_nodedir=/usr/local
# The image is the pinned Node; the npm package that brings it elsewhere would be a second one.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node node_modules/.bin/node

FROM node:24.21.0-bookworm-slim
# SoftHSM2 is a stand-in for people without an HSM: the signer uses it only when COUNTERSIGN_PKCS11_MODULE names it.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates softhsm2 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin countersign \
  && install -d -o countersign -g countersign -m 0700 /var/lib/countersign /var/lib/countersign/artifacts /var/lib/countersign-hsm
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
# What .dockerignore lets through: the product, without tests and tools.
COPY . .
# Temporary files of `audit replay` belong on the volume: /tmp is memory where the compose file runs this. Two arenas of malloc are
# enough for all threads; with glibc's default a worker takes 20 MiB more.
ENV NODE_ENV=production \
  MALLOC_ARENA_MAX=2 \
  COUNTERSIGN_HOST=0.0.0.0 \
  COUNTERSIGN_PORT=8080 \
  COUNTERSIGN_DATA=/var/lib/countersign \
  SQLITE_TMPDIR=/var/lib/countersign \
  SOFTHSM2_CONF=/app/deploy/softhsm/softhsm2.conf
# What Node makes of the sources at a start, which is half of it. Node names the folder after user and flags, so those are the ones that it
# will run by; and what lies there is run, so nobody writes to it afterwards.
ENV NODE_COMPILE_CACHE=/app/compiled
RUN install -d -o countersign /app/compiled \
  && for what in serve proxy; do \
    setpriv --reuid=countersign --regid=countersign --init-groups \
      node --max-semi-space-size=8 --no-allocation-site-pretenuring --input-type=module -e "await import('/app/server/$what.ts'); process.exit()" || exit 1; \
  done \
  && chown -R root:root /app/compiled \
  && chmod -R u=rwX,go=rX /app/compiled
USER countersign
EXPOSE 8080
VOLUME /var/lib/countersign
# Every role answers here. 503 names what is down; that is for people and load balancers, and restarts nothing.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.COUNTERSIGN_PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# A worker that follows a long log makes much garbage. Pretenuring is off, because V8 may otherwise allocate what was read in the old
# generation, where it stays until the next full collection: that took twice the memory. 8 MiB of young generation are enough for
# the batches of all that follow the log at once.
ENTRYPOINT ["node", "--max-semi-space-size=8", "--no-allocation-site-pretenuring", "/app/cli/countersign.js"]
CMD ["serve", "--roles", "api,worker,signer,projector"]
