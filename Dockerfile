# The gateway as an image: the program, the libraries it links, CA certificates; no shell
# runs in between, and not as root.
#
#   docker build -t pin2mqtt .
#   docker run --device /dev/gpiochip0 --group-add "$(stat -c %g /dev/gpiochip0)" \
#       -v ./greenhouse.yaml:/etc/pin2mqtt/pin2mqtt.yaml:ro pin2mqtt
#
# Without a board: docker run pin2mqtt read --driver dht22 --pin sim/4
FROM debian:trixie-slim AS build
WORKDIR /src
COPY packaging/install_packages packaging/
RUN packaging/install_packages build
COPY CMakeLists.txt CMakePresets.json LICENSE README.md ./
COPY src src
COPY conf conf
COPY packaging packaging
RUN cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr \
    && cmake --build --preset release \
    && DESTDIR=/out cmake --install build/release --strip

FROM debian:trixie-slim
RUN export DEBIAN_FRONTEND=noninteractive \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libcjson1 libgpiod3 libpaho-mqtt1.3 libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=build /out/usr/bin/pin2mqtt /usr/bin/pin2mqtt
COPY --from=build /out/usr/share/doc/pin2mqtt /usr/share/doc/pin2mqtt
USER 65532:65532
ENTRYPOINT ["/usr/bin/pin2mqtt"]
CMD ["run"]
