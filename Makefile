# Copyright 2026 The Zonewarden Authors.
# SPDX-License-Identifier: Apache-2.0

MAKEFLAGS += --no-print-directory --warn-undefined-variables
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

ONCE ?=
KUBEBUILDER_ASSETS ?=
BENCH ?= .
E2E ?=
CHECKS ?= 300
BENCHTIME ?= 1x
PLATFORMS ?= linux/amd64,linux/arm64
IMAGE ?= zonewarden.io/zonewarden
VERSION ?=
REVISION ?=
SOURCE_DATE_EPOCH ?=
OUT ?= dist
KEY ?=
HEADER := object:headerFile=hack/boilerplate.go.txt
# VERSION, REVISION and SOURCE_DATE_EPOCH are asked of git where they are empty.
RELEASE = bin/release -out "$(OUT)" -cyclonedx-gomod bin/cyclonedx-gomod -image "$(IMAGE)" -platforms "$(PLATFORMS)" \
	-version "$(VERSION)" -revision "$(REVISION)" -epoch "$(SOURCE_DATE_EPOCH)"
STATIC := CGO_ENABLED=0 go build -trimpath -ldflags "-s -w"
# What costs most to draw is drawn so often with the race detector, and more often by `make properties`.
DRAWN := ./internal/apply ./internal/openings ./internal/pki/rotation
DRAWS ?= 40
# With these flags the packages that `make cilium` compiled are used again.
ARGOCD := cd test/argocd && CGO_ENABLED=0 go test -trimpath -vet=off -shuffle=on -count=1
ORACLE := cd test/oracle && CGO_ENABLED=0 go test -trimpath -vet=off -shuffle=on -count=1

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ To see it work

.PHONY: demo
demo: control-plane build ## show a water works on a real control plane; ONCE=1 exits by itself
	@go build -o bin/demo ./hack/demo
	@bin/demo $(if $(ONCE),-once)

.PHONY: test
test: control-plane certmanager build bin/helm ## unit, golden and control plane tests, with the race detector, the oracle, and Argo CD
	go test -race -shuffle=on $(DRAWN) -rapid.checks=$(DRAWS)
	go test -race -shuffle=on -timeout 30m $$(go list ./... | grep -vxFf <(go list $(DRAWN)))
	cd hack/release && go test -race -shuffle=on ./...
	@$(MAKE) oracle
	@$(MAKE) argocd

.PHONY: argocd
argocd: control-plane build ## config/argocd and the sample fleet against Argo CD's own Lua engine, sync engine and types
	$(ARGOCD)

.PHONY: oracle
oracle: ## what is declared against Cilium's own policy engine in process, flow by flow
	$(ORACLE) -rapid.checks=$(CHECKS)

.PHONY: properties
properties: ## what promises rest on, on 1,000 sites, changes and plants drawn by chance, without the race detector
	go test -shuffle=on -count=1 -timeout 2h $(DRAWN) -rapid.checks=1000

.PHONY: plan-nightly
plan-nightly: control-plane build ## 200 changes drawn by chance, planned, applied and looked at again on a real control plane
	go test -count=1 -timeout 30m ./test/plan/ -changes 200 -v

.PHONY: oracle-nightly
oracle-nightly: ## the same on 20,000 sites and 5,000 changes drawn by chance, and once with the race detector
	$(ORACLE) -timeout 4h -run TestWhatIsDeclaredIsWhatPasses -rapid.checks=20000
	$(ORACLE) -timeout 4h -run 'TestChangesNeitherLeakNorCut|TestGuards|TestNeverBlocked|TestNoMap' -rapid.checks=5000
	cd test/oracle && go test -race -vet=off -shuffle=on -count=1

.PHONY: e2e
e2e: control-plane cilium build ## packets on a real Cilium agent; needs root, Linux and `make e2e-deps`
	$(STATIC) -o bin/e2e-pod ./test/e2e/pod
	go test -race -shuffle=on -tags e2e -count=1 -timeout 60m -v ./test/e2e/ $(if $(E2E),-run '$(E2E)')
	go test -race -shuffle=on -tags e2e -count=1 ./internal/flows/ ./internal/probe/
	cd hack/release && go test -race -shuffle=on -tags e2e -count=1 ./image/

.PHONY: soak
soak: control-plane build ## hundreds of rotations of certificates and authorities under TLS, OPC UA and PostgreSQL in a loop; ten minutes, Linux and `make soak-deps`
	cd test/soak/opcua && $(STATIC) -o $(CURDIR)/bin/soak-opcua .
	go test -race -tags soak -count=1 -timeout 15m -v ./test/soak/

.PHONY: soak-deps
soak-deps: ## PostgreSQL and openssl, for `make soak`
	hack/e2e-deps.sh postgresql openssl

.PHONY: e2e-deps
e2e-deps: ## what the end-to-end tests need from Debian's packages
	hack/e2e-deps.sh

.PHONY: bench
bench: control-plane build ## writes, latency and memory at 10, 100 and 1,000 zones, beside kubectl apply
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -timeout 60m ./test/scale/

##@ To build it

.PHONY: build
build: ## the programs: bin/zonewarden, bin/zonewarden-node, bin/zonewarden-session, and the plugin, which is not in the image
	@$(if $(wildcard bin/zonewarden),,echo "building the operator: a minute or two the first time";) $(STATIC) -o bin/ ./cmd/...

.PHONY: control-plane
control-plane: ## etcd and Kubernetes from Go modules, once: bin/kube (skipped with KUBEBUILDER_ASSETS)
	@$(if $(KUBEBUILDER_ASSETS),true,hack/kube/build.sh bin/kube)

.PHONY: certmanager
certmanager: ## cert-manager's controllers from its Go module, once: bin/certmanager
	@hack/certmanager/build.sh bin/certmanager

.PHONY: cilium
cilium: ## the Cilium agent from Go modules, once: bin/cilium
	@hack/cilium/build.sh bin/cilium

##@ To deliver it

.PHONY: image
image: bin/release bin/cyclonedx-gomod ## the image as one file in dist/, for every platform of PLATFORMS, without Docker
	$(RELEASE)

.PHONY: release
release: bin/release bin/cyclonedx-gomod ## the same, the plugin for Linux, macOS and Windows, and the chart
	$(RELEASE) -all

.PHONY: release-verify
release-verify: bin/krew control-plane ## the last commit is released twice, from two clones with caches of their own, and looked into; half an hour
	cd hack/release && go test -race -tags reproduce -count=1 -timeout 3h -v -run TestARelease .

.PHONY: verify-tools
verify-tools: bin/cosign bin/crane bin/cyclonedx-gomod ## cosign, crane, Skopeo and Podman do with a small release what docs/verify.md says; `make verify-tools-deps`
	cd hack/release && go test -race -shuffle=on -tags tools -count=1 -v -run 'TestToolsOfOthers|TestABill' .

.PHONY: verify-tools-deps
verify-tools-deps: ## Skopeo and Podman, for `make verify-tools`
	hack/e2e-deps.sh skopeo podman openssl

.PHONY: sign
sign: ## sign OUT/SHA256SUMS with KEY, a private key in PEM: docs/verify.md
	openssl dgst -sha256 -sign "$(KEY)" -out "$(OUT)/SHA256SUMS.sig" "$(OUT)/SHA256SUMS"

##@ To change it

.PHONY: generate
generate: bin/controller-gen bin/crd-ref-docs bin/helm-docs ## deep copies, CRDs, roles, the chart's copies and reference pages from the sources
	bin/controller-gen $(HEADER) paths=./api/...
	bin/controller-gen crd paths=./api/... output:crd:artifacts:config=config/crd
	bin/controller-gen rbac:roleName=zonewarden paths=./controllers/... paths=./cmd/... output:rbac:artifacts:config=config/rbac
	bin/crd-ref-docs --source-path=api/v1alpha1 --config=hack/crd-ref-docs.yaml --renderer=markdown --output-path=docs/reference/api.md
	go run ./hack/docs
	go run ./hack/argocd
	go run ./hack/chart
	bin/helm-docs --chart-search-root=charts --log-level=error

.PHONY: golden
golden: ## write the golden files anew; their flows are still checked
	go test ./internal/policy/ -update

.PHONY: lint
lint: bin/golangci-lint ## the linters, purity of the pure packages included
	bin/golangci-lint run ./...

.PHONY: lint-oracle
lint-oracle: bin/golangci-lint ## the linters on test/oracle, which is a module of its own
	cd test/oracle && CGO_ENABLED=0 GOFLAGS=-trimpath $(CURDIR)/bin/golangci-lint run --config $(CURDIR)/.golangci.yml ./...

.PHONY: lint-argocd
lint-argocd: bin/golangci-lint ## the linters on test/argocd, which is a module of its own
	cd test/argocd && CGO_ENABLED=0 GOFLAGS=-trimpath $(CURDIR)/bin/golangci-lint run --config $(CURDIR)/.golangci.yml ./...

.PHONY: lint-soak
lint-soak: bin/golangci-lint ## the linters on test/soak/opcua, which is a module of its own
	cd test/soak/opcua && CGO_ENABLED=0 GOFLAGS=-trimpath $(CURDIR)/bin/golangci-lint run --config $(CURDIR)/.golangci.yml ./...

.PHONY: lint-release
lint-release: bin/golangci-lint ## the linters on hack/release, which is a module of its own
	cd hack/release && CGO_ENABLED=0 GOFLAGS=-trimpath $(CURDIR)/bin/golangci-lint run --build-tags e2e,reproduce,tools --config $(CURDIR)/.golangci.yml ./...

.PHONY: verify
verify: generate lint ## generated files are up to date and nothing is unformatted
	go mod tidy -diff
	git diff --exit-code

.PHONY: clean
clean: ## what was built
	rm -rf bin

bin/controller-gen bin/crd-ref-docs bin/govulncheck: hack/tools/go.mod
	go build -modfile=hack/tools/go.mod -o $@ $$(awk '/^\t[a-z].*\/$(@F)$$/ {print $$1}' hack/tools/go.mod)

bin/cyclonedx-gomod: hack/tools/sbom/go.mod
	CGO_ENABLED=0 go build -modfile=$< -trimpath -o $@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

# cosign says its version itself, from the module.
bin/cosign: hack/tools/cosign/go.mod
	@$(if $(wildcard bin/cosign),,echo "building cosign: a few minutes the first time";) \
	CGO_ENABLED=0 go build -modfile=$< -trimpath -ldflags "-s -w" -o $@ github.com/sigstore/cosign/v3/cmd/cosign

bin/crane: hack/tools/crane/go.mod
	CGO_ENABLED=0 go build -modfile=$< -trimpath -o $@ github.com/google/go-containerregistry/cmd/crane

bin/krew: hack/tools/krew/go.mod
	CGO_ENABLED=0 go build -modfile=$< -trimpath -o $@ sigs.k8s.io/krew/cmd/krew

# Always: Go knows itself whether it has to.
.PHONY: bin/release
bin/release:
	@cd hack/release && CGO_ENABLED=0 go build -trimpath -o $(CURDIR)/bin/release .

bin/golangci-lint: hack/tools/golangci-lint/go.mod
	go build -modfile=hack/tools/golangci-lint/go.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

# What Helm renders for without a cluster, and what it says of itself, is told to the linker.
CHARTUTIL := helm.sh/helm/v3/pkg/chartutil
HELM_LD := -s -w -X $(CHARTUTIL).k8sVersionMajor=1 -X $(CHARTUTIL).k8sVersionMinor=36 \
	-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=36 \
	-X helm.sh/helm/v3/internal/version.version=$$(awk '$$1 == "helm.sh/helm/v3" {print $$2}' hack/tools/helm/go.mod)

bin/helm: hack/tools/helm/go.mod
	@$(if $(wildcard bin/helm),,echo "building Helm: a few minutes the first time";) \
	CGO_ENABLED=0 go build -modfile=$< -trimpath -ldflags "$(HELM_LD)" -o $@ helm.sh/helm/v3/cmd/helm

bin/helm-docs: hack/tools/helm-docs/go.mod
	CGO_ENABLED=0 go build -modfile=$< -trimpath -o $@ github.com/norwoodj/helm-docs/cmd/helm-docs

.PHONY: vuln
vuln: bin/govulncheck ## known vulnerabilities in what the operator calls
	bin/govulncheck ./cmd/...
