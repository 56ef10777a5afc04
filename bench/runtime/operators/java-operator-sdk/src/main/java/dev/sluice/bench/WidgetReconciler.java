package dev.sluice.bench;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.Workflow;
import io.javaoperatorsdk.operator.api.reconciler.dependent.Dependent;

/** The framework has applied the three children when this is called; what is left is the status. */
@ControllerConfiguration(name = "widgets")
@Workflow(
    dependents = {
      @Dependent(type = ConfigMapDependent.class),
      @Dependent(type = SecretDependent.class),
      @Dependent(type = ServiceDependent.class)
    })
public class WidgetReconciler implements Reconciler<Widget> {
  @Override
  public UpdateControl<Widget> reconcile(Widget widget, Context<Widget> context) {
    var generation = widget.getMetadata().getGeneration();
    var seen = widget.getStatus();
    if (seen != null
        && Boolean.TRUE.equals(seen.getReady())
        && generation.equals(seen.getObservedGeneration())) {
      return UpdateControl.noUpdate();
    }
    var status = new WidgetStatus();
    status.setReady(true);
    status.setObservedGeneration(generation);
    // Server-side apply: the object holds its name and what we own, the status.
    var applied = new Widget();
    applied.setMetadata(
        new ObjectMetaBuilder()
            .withName(widget.getMetadata().getName())
            .withNamespace(widget.getMetadata().getNamespace())
            .build());
    applied.setStatus(status);
    return UpdateControl.patchStatus(applied);
  }
}
