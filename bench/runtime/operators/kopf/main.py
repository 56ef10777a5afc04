"""The benchmark's operator with kopf: a Widget owns a ConfigMap, a Secret and a headless Service.

kopf has no children of its own kind and no shared cache: it looks at the Widget alone and adopts what it makes.
"""

import base64

import kopf
from kubernetes_asyncio import client, config

FIELD_MANAGER = "widgets"
APPLY = {
    "field_manager": FIELD_MANAGER,
    "force": True,
    "_content_type": "application/apply-patch+yaml",
}


@kopf.on.startup()
async def connect(memo: kopf.Memo, **_):
    await config.load_kube_config()
    memo.core = client.CoreV1Api(client.ApiClient())


@kopf.on.cleanup()
async def disconnect(memo: kopf.Memo, **_):
    await memo.core.api_client.close()


@kopf.on.resume("bench.sluice.dev", "v1", "widgets")
@kopf.on.create("bench.sluice.dev", "v1", "widgets")
@kopf.on.update("bench.sluice.dev", "v1", "widgets", field="spec")
async def reconcile(spec, meta, name, namespace, patch, memo: kopf.Memo, **_):
    message = spec["message"]
    encoded = base64.b64encode(message.encode()).decode()
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"message": message}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"message": encoded}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80}]},
    }
    kopf.adopt([config_map, secret, service])
    await memo.core.patch_namespaced_config_map(name, namespace, config_map, **APPLY)
    await memo.core.patch_namespaced_secret(name, namespace, secret, **APPLY)
    await memo.core.patch_namespaced_service(name, namespace, service, **APPLY)
    patch.status["ready"] = True
    patch.status["observedGeneration"] = meta["generation"]
