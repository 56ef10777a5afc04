# Sluice. `make help` lists every verb. Every recipe runs under the Node 24 that npm installs, whatever the machine has.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE := node_modules/.bin/node
VITEST := $(NODE) node_modules/vitest/vitest.mjs run
READY := node_modules/.package-lock.json

$(READY): package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js with npm (any version from 20 on; Sluice brings its own Node 24)" >&2; exit 1; }
	npm ci --no-fund --no-audit --loglevel=error
	@touch $@

.PHONY: help
help: ## List every verb
	@awk 'BEGIN {FS = ":.*## "} /^## / {printf "\n%s\n", substr($$0, 4)} /^[a-zA-Z0-9_-]+:.*## / {gsub(/[$$][$$]/, "$$", $$2); printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Main job
.PHONY: demo demo-clean
demo: $(READY) ## From nothing: cluster, operator, the three resources, load, rollouts; prints the figures
	@$(NODE) hack/demo/main.ts

demo-clean: $(READY) ## Remove the demo's resources (the cluster stays; see kind-down)
	@$(NODE) hack/demo/main.ts clean

## Tests
.PHONY: test unit seeded-bugs integration kind-e2e campaign watch-faults freezes leadership differential fuzz kills lint
test: $(READY) ## Everything: lint, types, generated files, unit, seeded bugs, integration, end to end
	@$(NODE) hack/test/main.ts

unit: $(READY) ## Unit and property tests
	@$(NODE) hack/test/main.ts --only unit

seeded-bugs: $(READY) ## Plant each known bug in the runtime and see the tests catch it
	@$(NODE) hack/test/main.ts --only seeded-bugs

integration: $(READY) ## Tests against a real etcd and kube-apiserver on loopback
	@$(NODE) hack/test/main.ts --only integration

kind-e2e: $(READY) ## Tests on a real kind cluster (brings it up)
	@$(NODE) hack/test/main.ts --only e2e

# RUNS=10000 SEED=… KIND=OrderBook
export RUNS SEED KIND
campaign: $(READY) ## Fault campaign over the three controllers: RUNS=10000, or SEED=… to replay one, KIND=OrderBook
	@$(NODE) hack/campaign/main.ts

watch-faults: $(READY) ## FAULTS=1000 faults of watches on a real API server, then every cache compared with a list
	@FAULTS=$(or $(FAULTS),1000) $(VITEST) --project integration operator/runtime/faults/watch-faults

freezes: $(READY) ## RUNS=200 freezes of a leader under constant writes; counts what was accepted too late
	@FREEZES=$(or $(RUNS),200) $(VITEST) --project integration operator/runtime/faults/frozen-leader

leadership: $(READY) ## REPEATS=50 hand-overs and fail-overs on the kind cluster, with their times
	@REPEATS=$(or $(REPEATS),50) $(VITEST) --project e2e test-e2e/leadership.test.ts

differential: $(READY) ## The matching engine against the reference matcher: MESSAGES=1e8 SEEDS=100
	@$(NODE) workloads/order-book/differential/main.ts --messages $(or $(MESSAGES),1e6) --seeds $(or $(SEEDS),10)

fuzz: $(READY) ## Both parsers of the order book, guided by coverage: MINUTES=10
	@$(NODE) workloads/order-book/fuzz/main.ts --minutes $(or $(MINUTES),10)

kills: $(READY) ## KILLS=300 kill -9 of book and broker under load; counts what was lost, doubled or missing
	@$(NODE) workloads/order-book/publisher/kills.ts --kills $(or $(KILLS),300)

lint: $(READY) ## Lint, format and types
	@$(NODE) hack/test/main.ts --only lint,types

## Measurements
.PHONY: bench bench-runtime bench-micro bench-engine bench-journal bench-rest bench-binary bench-readers bench-publish soak oracle
# RESOURCES=1000,10000 ROUNDS=3 ONLY=a,b IDLE=300: what they mean is in bench/README.md
export RESOURCES ROUNDS ONLY IDLE
bench: bench-runtime bench-micro bench-engine bench-journal bench-rest bench-binary bench-readers bench-publish ## All of these, one after the other: an hour

bench-runtime: $(READY) ## The same operator in seven runtimes, side by side: RESOURCES=1000 ROUNDS=3 ONLY=a,b IDLE=300
	@$(NODE) bench/runtime/main.ts

bench-micro: $(READY) ## Single parts of the runtime: transport, watch, caches, queue
	@$(NODE) bench/runtime/micro/main.ts

bench-engine: $(READY) ## Our matching engine beside C++ std::map, three Rust and three npm engines: ROUNDS=5
	@ROUNDS=$(or $(ROUNDS),5) WRITE=1 $(NODE) bench/order-book/main.ts

bench-journal: $(READY) ## Durable orders per second in process, latency at half load, recovery: ROUNDS=3
	@ROUNDS=$(or $(ROUNDS),3) WRITE=1 $(NODE) bench/order-book/journal.ts

bench-rest: $(READY) ## Durable REST orders per second, beside an empty fastify route and bare node:http: ROUNDS=3
	@ROUNDS=$(or $(ROUNDS),3) WRITE=1 $(NODE) bench/order-book/rest.ts

bench-binary: $(READY) ## Durable orders per second through the binary port: ROUNDS=3
	@ROUNDS=$(or $(ROUNDS),3) WRITE=1 $(NODE) bench/order-book/binary.ts

bench-readers: $(READY) ## What 1 and 100 WebSocket readers of every change cost the orders, and how late they are told: ROUNDS=3
	@ROUNDS=$(or $(ROUNDS),3) WRITE=1 $(NODE) bench/order-book/fan-out.ts

bench-publish: $(READY) ## A backlog of 300,000 trades on its way to NATS and Redis
	@WRITE=1 $(NODE) bench/order-book/publish.ts

soak: $(READY) ## The operator under churn for MINUTES=60: slopes of memory, sockets and timers, beside a quiet one
	@$(NODE) bench/soak/main.ts --minutes $(or $(MINUTES),60)

oracle: $(READY) ## Play a workload of the public matching-engine benchmark: make -s oracle FILE=x.cols.zst
	@$(NODE) workloads/order-book/oracle/main.ts "$(FILE)"

## Cluster
.PHONY: kind-up kind-down kind-load kind-env kind-status control-plane
kind-up: $(READY) ## A kind cluster of 4 nodes in 3 regions; repairs a broken one, does nothing when it is up
	@$(NODE) hack/cluster/main.ts up

kind-down: $(READY) ## Delete the cluster (ENGINE=1 also stops the private container engine)
	@$(NODE) hack/cluster/main.ts down $(if $(ENGINE),--engine)

kind-load: $(READY) ## Load images into the cluster: make kind-load IMAGES="a:1 b:2"
	@$(NODE) hack/cluster/main.ts load $(IMAGES)

kind-env: $(READY) ## Shell exports for docker, kind and kubectl: eval "$$(make -s kind-env)"
	@$(NODE) hack/cluster/main.ts env

kind-status: $(READY) ## What is up, where it lives
	@$(NODE) hack/cluster/main.ts status

control-plane: $(READY) ## Only etcd, kube-apiserver and controller-manager, on loopback, until Ctrl-C
	@$(NODE) hack/control-plane/main.ts up

## Operator
.PHONY: generate images deploy undeploy format
generate: $(READY) ## Write CRDs, reference pages, samples and dashboards from their one source
	@$(NODE) hack/generate/main.ts

images: $(READY) ## Build all images
	@$(NODE) hack/images/main.ts build

deploy: $(READY) ## Build, load and install the operator into the kind cluster
	@$(NODE) hack/deploy/main.ts

undeploy: $(READY) ## Remove the operator (refuses while resources still need it)
	@$(NODE) hack/deploy/main.ts --undeploy

format: $(READY) ## Format and mend what lint can mend
	@node_modules/.bin/biome check --write .
