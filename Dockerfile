# The gateway as an image: the program, the libraries it uses, CA certificates; no shell
# runs in between, and not as root.
#
#   docker build -t pin2mqtt .
#   docker run --read-only --device /dev/gpiochip0 \
#       --group-add "$(stat -c %g /dev/gpiochip0)" \
#       -v ./greenhouse.yaml:/etc/pin2mqtt/pin2mqtt.yaml:ro pin2mqtt
#
# Without a board: docker run pin2mqtt read --driver dht22 --pin sim/4
#
# --build-arg VERSION="$(git describe --always)" goes into the image's label.
FROM debian:trixie-slim AS build
WORKDIR /src
COPY packaging/install_packages packaging/
RUN packaging/install_packages build
COPY CMakeLists.txt CMakePresets.json LICENSE README.md ./
COPY src src
COPY conf conf
COPY packaging packaging
# The libraries: those that it links, and the one that it loads where HTTP is on.
RUN cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release \
    && DESTDIR=/out cmake --install build/release --strip \
    && { ldd /out/usr/bin/pin2mqtt | sed -n 's/.*=> \([^ ]*\) .*/\1/p'; \
        ls /usr/lib/*/libmicrohttpd.so.12; } | xargs realpath \
        | xargs dpkg-query --search | cut -d : -f 1 | sort -u >/out/libraries

FROM debian:trixie-slim
RUN --mount=type=bind,from=build,source=/out,target=/out \
    export DEBIAN_FRONTEND=noninteractive \
    && apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates $(cat /out/libraries) \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/* \
    && install -d /etc/pin2mqtt \
    && install -d -o 65532 -g 65532 -m 700 /var/lib/pin2mqtt
COPY --from=build /out/usr/bin/pin2mqtt /usr/bin/pin2mqtt
COPY --from=build /out/usr/share/doc/pin2mqtt/LICENSE* /usr/share/doc/pin2mqtt/
ARG VERSION=
LABEL org.opencontainers.image.title="pin2mqtt" \
      org.opencontainers.image.description="GPIO sensors to MQTT gateway" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
USER 65532:65532
VOLUME /var/lib/pin2mqtt
# Healthy: its threads move. Whether sensors and broker are there is reported, not judged.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s \
    CMD ["/usr/bin/pin2mqtt", "health"]
ENTRYPOINT ["/usr/bin/pin2mqtt"]
CMD ["run"]
