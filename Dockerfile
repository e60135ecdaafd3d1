# The gateway and nothing else: no shell, no package manager, not root.
#
#	docker build -t doorward .
#	docker run --rm -p 8080:8080 -e DATABASE_URL -e DOORWARD_UPSTREAM=api.internal:9000 doorward
#
# The build needs the module proxy; the result is one static file.
FROM golang:1.26 AS build
WORKDIR /src
# The modules first: they are fetched again only when these change.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go run ./cmd/build -output /out/doorward
# A folder that belongs to the user below, because a volume that is mounted there takes its owner over.
RUN mkdir -p /out/state && cp caddyfiles/cluster.Caddyfile /out/Caddyfile

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/doorward /usr/bin/doorward
COPY --from=build /out/Caddyfile /etc/doorward/Caddyfile
COPY --from=build --chown=65532:65532 /out/state /var/lib/doorward

# Where Caddy keeps what no config can move, such as certificates.
ENV XDG_DATA_HOME=/var/lib/doorward XDG_CONFIG_HOME=/var/lib/doorward DOORWARD_BIND=0.0.0.0

USER 65532:65532
WORKDIR /var/lib/doorward
EXPOSE 8080 8090
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/doorward"]
CMD ["run", "--config", "/etc/doorward/Caddyfile"]
