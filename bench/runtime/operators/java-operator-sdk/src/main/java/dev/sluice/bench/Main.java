package dev.sluice.bench;

import io.javaoperatorsdk.operator.Operator;

/** The benchmark's operator with java-operator-sdk: a Widget owns a ConfigMap, a Secret and a Service. */
public class Main {
  public static void main(String[] args) {
    var operator =
        new Operator(
            overrider ->
                overrider
                    .withConcurrentReconciliationThreads(10)
                    .withConcurrentWorkflowExecutorThreads(10)
                    .withUseSSAToPatchPrimaryResource(true));
    operator.register(new WidgetReconciler());
    operator.installShutdownHook(java.time.Duration.ofSeconds(5));
    operator.start();
  }
}
