# Both images may be given by digest: --build-arg BUILDER=golang@sha256:...
ARG BUILDER=golang:1.26
ARG BASE=scratch

FROM ${BUILDER} AS build
ARG TARGETOS=linux
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api ./api
COPY cmd ./cmd
COPY controllers ./controllers
COPY internal ./internal
# What the programs say that they are: --build-arg VERSION=$(git describe --tags).
ARG VERSION=
ARG REVISION=
# The flags are those of `make image`. The time zones are built in: the last image has none,
# and a Site names one.
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build \
    -trimpath -buildvcs=false -tags timetzdata \
    -ldflags "-s -w -X github.com/zonewarden/zonewarden/internal/buildinfo.version=${VERSION} -X github.com/zonewarden/zonewarden/internal/buildinfo.revision=${REVISION}" \
    -o /out/ ./cmd/zonewarden ./cmd/zonewarden-node ./cmd/zonewarden-session

FROM ${BASE}
# One image: the operator, the agent of each node (config/node), and what runs inside an
# access window.
COPY --from=build /out/zonewarden /out/zonewarden-node /out/zonewarden-session /
USER 65532:65532
ENTRYPOINT ["/zonewarden"]
