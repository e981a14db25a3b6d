# Builds with any OCI builder: buildah bud -t pidguard . | docker build -t pidguard .
# For a build that can be repeated, give the base by digest: --build-arg NODE_IMAGE=docker.io/library/node@sha256:…
# No HEALTHCHECK: Kubernetes does not read it, and it would fork in every container every few seconds.
ARG NODE_IMAGE=docker.io/library/node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
# One program with all it needs. Without source maps: they are twice the code, and stack traces name the same functions.
RUN npm run -s build && rm dist/*.map
# What the program is made of, and under which terms. optional: the Node that people without one get by npm.
RUN mkdir app && mv dist app/dist \
    && npm sbom --package-lock-only --omit=dev --omit=optional --sbom-format=cyclonedx > app/sbom.cdx.json \
    && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
    && find node_modules -type f -iname 'licen[cs]e*' | while read -r file; do \
        mkdir -p "app/licenses/$(dirname "${file#node_modules/}")" && cp "$file" "app/licenses/${file#node_modules/}"; \
    done

FROM ${NODE_IMAGE} AS program
WORKDIR /app
COPY --from=build /build/app ./
# What Node compiles at its first start is kept in the image, since a read-only container could never keep it itself.
# Node keeps it per user, so it has to be made by the one who will run.
RUN mkdir cache && chown 65532:65532 cache
USER 65532:65532
RUN NODE_COMPILE_CACHE=/app/cache timeout -s TERM 5 \
    node /app/dist/main.js serve --cert-dir /tmp/certs --port 0 --probe-port 0 --drain 0 || true
USER 0:0
RUN chown -R 0:0 cache

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pidguard" \
      org.opencontainers.image.description="Kubernetes admission webhook that keeps nodes from running out of PIDs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# glibc's malloc: two arenas for the eleven threads, of which one does the work; and what is large goes back to the kernel
# when it is freed, always (by itself, glibc keeps the more the larger it once was). 12 MiB less in an idle replica.
# V8: at most 32 MiB for each half of where objects begin; it takes twice that on a large node (bench/README.md).
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/cache NODE_OPTIONS=--max-semi-space-size=32 \
    MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=program /app ./
COPY LICENSE ./
# A number, so that runAsNonRoot can be checked; nobody's in the base, so nothing in the image is its to write.
USER 65532:65532
EXPOSE 8443 8080
STOPSIGNAL SIGTERM
# Node itself is the first process and handles signals: no shell and no npm in between.
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
