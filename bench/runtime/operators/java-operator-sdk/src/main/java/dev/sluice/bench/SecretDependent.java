package dev.sluice.bench;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.CRUDKubernetesDependentResource;
import io.javaoperatorsdk.operator.processing.dependent.kubernetes.KubernetesDependent;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

@KubernetesDependent
public class SecretDependent extends CRUDKubernetesDependentResource<Secret, Widget> {
  @Override
  protected Secret desired(Widget widget, Context<Widget> context) {
    var message = widget.getSpec().getMessage().getBytes(StandardCharsets.UTF_8);
    return new SecretBuilder()
        .withNewMetadata()
        .withName(widget.getMetadata().getName())
        .withNamespace(widget.getMetadata().getNamespace())
        .endMetadata()
        .addToData("message", Base64.getEncoder().encodeToString(message))
        .build();
  }
}
