# Builds with any OCI builder: buildah bud -t pidguard . | docker build -t pidguard .
# The base by digest, so that a build can be repeated: the index of node:24-slim of 2026-08-03 (Node 24.19.0, Debian 12), as
# github.com/docker-library/repo-info has it in repos/node/remote/24-slim.md. A release takes what the tag means on its day and says
# it in a label. Another one: --build-arg NODE_IMAGE=docker.io/library/node@sha256:…
# No HEALTHCHECK: Kubernetes does not read it, and it would fork in every container every few seconds.
ARG NODE_IMAGE=docker.io/library/node@sha256:cd84903a12dbd26b46f1f3b8144a2568c41c5d37ddd0c7a80a34c7a19786b35f

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
# Node with the libraries that it loads, and what scanners read of these: no shell, no npm and no package manager in the image.
# The loader itself lists them, so any base with glibc will do.
RUN set -eu; loader=$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null | head -n 1); \
    mkdir -p /image/var/lib/dpkg/status.d /image/etc /image/tmp && chmod 1777 /image/tmp; \
    for file in /usr/local/bin/node "$loader" $("$loader" --list /usr/local/bin/node | grep -o '/[^ ]*\.so[^ ]*' | sort -u); do \
        cp -L --parents "$file" /image; \
        package=$(dpkg-query --search "*/${file##*/}" 2>/dev/null | head -n 1 | cut -d: -f1) || true; \
        [ -z "$package" ] || dpkg-query --status "$package" > "/image/var/lib/dpkg/status.d/$package"; \
    done; \
    [ ! -e /etc/os-release ] || cp -L /etc/os-release /image/etc/; \
    echo 'pidguard:x:65532:65532::/:/none' > /image/etc/passwd; \
    cp -a /app /image/app

FROM scratch
ARG NODE_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pidguard" \
      org.opencontainers.image.description="Kubernetes admission webhook that keeps nodes from running out of PIDs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}" \
      org.opencontainers.image.revision="${REVISION}"
# glibc's malloc: two arenas for the eleven threads, of which one does the work; and what is large goes back to the kernel
# when it is freed, always (by itself, glibc keeps the more the larger it once was). 12 MiB less in an idle replica.
# V8: at most 32 MiB for each half of where objects begin; it takes twice that on a large node (bench/README.md).
ENV PATH=/usr/local/bin
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/cache NODE_OPTIONS=--max-semi-space-size=32 \
    MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=program /image /
COPY LICENSE ./
# A number, so that runAsNonRoot can be checked; nothing in the image is its to write but /tmp, which manifests make read-only too.
USER 65532:65532
EXPOSE 8443 8080
STOPSIGNAL SIGTERM
# Node itself is the first process and handles signals: no shell and no npm in between.
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
