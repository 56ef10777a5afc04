//! The benchmark's operator with kube-rs: a Widget owns a ConfigMap, a Secret and a Service.
//! Children come from one watch each that both triggers the controller and fills the cache it reads.
use std::{collections::BTreeMap, fmt::Debug, sync::Arc, time::Duration};

use futures::StreamExt;
use k8s_openapi::{
    api::core::v1::{ConfigMap, Secret, Service, ServicePort, ServiceSpec},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, CustomResource, Resource, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{
        Controller, WatchStreamExt,
        controller::{self, Action},
        predicates, reflector,
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

const FIELD_MANAGER: &str = "widgets";

#[derive(CustomResource, Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "bench.sluice.dev",
    version = "v1",
    kind = "Widget",
    namespaced,
    status = "WidgetStatus"
)]
struct WidgetSpec {
    message: String,
}

#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
struct WidgetStatus {
    ready: bool,
    observed_generation: i64,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Kube(#[from] kube::Error),
    #[error("a widget without a namespace or an owner reference")]
    Incomplete,
}

struct Context {
    client: Client,
    config_maps: Store<ConfigMap>,
    secrets: Store<Secret>,
    services: Store<Service>,
}

async fn reconcile(widget: Arc<Widget>, context: Arc<Context>) -> Result<Action, Error> {
    let namespace = widget.namespace().ok_or(Error::Incomplete)?;
    let metadata = ObjectMeta {
        name: Some(widget.name_any()),
        namespace: Some(namespace.clone()),
        owner_references: Some(vec![
            widget.controller_owner_ref(&()).ok_or(Error::Incomplete)?,
        ]),
        ..ObjectMeta::default()
    };
    let message = BTreeMap::from([("message".to_string(), widget.spec.message.clone())]);
    let config_map = ConfigMap {
        metadata: metadata.clone(),
        data: Some(message),
        ..ConfigMap::default()
    };
    let secret = Secret {
        metadata: metadata.clone(),
        data: Some(BTreeMap::from([(
            "message".to_string(),
            k8s_openapi::ByteString(widget.spec.message.clone().into_bytes()),
        )])),
        ..Secret::default()
    };
    let service = Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_string()),
            ports: Some(vec![ServicePort {
                name: Some("http".to_string()),
                port: 80,
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    };

    let client = &context.client;
    ensure(
        client,
        &context.config_maps,
        &namespace,
        &config_map,
        |live| live.data == config_map.data,
    )
    .await?;
    ensure(client, &context.secrets, &namespace, &secret, |live| {
        live.data == secret.data
    })
    .await?;
    ensure(client, &context.services, &namespace, &service, |live| {
        live.spec.as_ref().is_some_and(|spec| {
            spec.cluster_ip.as_deref() == Some("None")
                && spec
                    .ports
                    .iter()
                    .flatten()
                    .map(|port| (port.name.as_deref(), port.port))
                    .eq([(Some("http"), 80)])
        })
    })
    .await?;

    let status = WidgetStatus {
        ready: true,
        observed_generation: widget.metadata.generation.unwrap_or_default(),
    };
    if widget.status.as_ref() != Some(&status) {
        let body = json!({ "apiVersion": Widget::api_version(&()), "kind": Widget::kind(&()), "status": status });
        Api::<Widget>::namespaced(context.client.clone(), &namespace)
            .patch_status(
                &widget.name_any(),
                &PatchParams::apply(FIELD_MANAGER).force(),
                &Patch::Apply(body),
            )
            .await?;
    }
    Ok(Action::await_change())
}

/// Applies `desired` unless the cache shows that it is there, is ours and satisfies `as_wanted`.
async fn ensure<K>(
    client: &Client,
    cache: &Store<K>,
    namespace: &str,
    desired: &K,
    as_wanted: impl Fn(&K) -> bool,
) -> Result<(), Error>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + 'static,
{
    let name = desired.name_any();
    if let Some(live) = cache.get(&ObjectRef::new(&name).within(namespace))
        && live.owner_references() == desired.owner_references()
        && as_wanted(&live)
    {
        return Ok(());
    }
    Api::<K>::namespaced(client.clone(), namespace)
        .patch(
            &name,
            &PatchParams::apply(FIELD_MANAGER).force(),
            &Patch::Apply(desired),
        )
        .await?;
    Ok(())
}

fn error_policy(widget: Arc<Widget>, error: &Error, _: Arc<Context>) -> Action {
    tracing::warn!(widget = widget.name_any(), %error, "reconcile failed");
    Action::requeue(Duration::from_secs(5))
}

/// One watch that fills the store of `writer` and yields what changed, for the controller.
fn watched<K>(
    client: &Client,
    writer: reflector::store::Writer<K>,
) -> impl futures::Stream<Item = Result<K, watcher::Error>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .touched_objects()
}

#[tokio::main]
async fn main() -> Result<(), kube::Error> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .init();
    let client = Client::try_default().await?;
    let (widgets, widgets_writer) = reflector::store();
    let (config_maps, config_maps_writer) = reflector::store();
    let (secrets, secrets_writer) = reflector::store();
    let (services, services_writer) = reflector::store();
    let changed_widgets = watcher(
        Api::<Widget>::all(client.clone()),
        watcher::Config::default(),
    )
    .default_backoff()
    .reflect(widgets_writer)
    .applied_objects()
    .predicate_filter(predicates::generation, Default::default());

    let controller = Controller::for_stream(changed_widgets, widgets)
        .owns_stream(watched(&client, config_maps_writer))
        .owns_stream(watched(&client, secrets_writer))
        .owns_stream(watched(&client, services_writer))
        .with_config(controller::Config::default().concurrency(10))
        .shutdown_on_signal();
    let context = Context {
        client,
        config_maps,
        secrets,
        services,
    };
    controller
        .run(reconcile, error_policy, Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
    Ok(())
}
