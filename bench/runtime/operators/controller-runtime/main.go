// The benchmark's operator with controller-runtime: a Widget owns a ConfigMap, a Secret and a Service.
package main

import (
	"context"
	"os"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

const fieldManager = "widgets"

type reconciler struct {
	client.Client
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	widget := &Widget{}
	if err := r.Get(ctx, request.NamespacedName, widget); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	owner := metav1.NewControllerRef(widget, gvk)
	ownerApply := metav1ac.OwnerReference().
		WithAPIVersion(owner.APIVersion).WithKind(owner.Kind).WithName(owner.Name).WithUID(owner.UID).
		WithController(true).WithBlockOwnerDeletion(true)
	name, namespace := widget.Name, widget.Namespace
	data := map[string]string{"message": widget.Spec.Message}
	secretData := map[string][]byte{"message": []byte(widget.Spec.Message)}

	configMap := &corev1.ConfigMap{}
	if err := r.ensure(ctx, request, configMap, owner,
		func() bool { return equality.Semantic.DeepEqual(configMap.Data, data) },
		corev1ac.ConfigMap(name, namespace).WithOwnerReferences(ownerApply).WithData(data)); err != nil {
		return ctrl.Result{}, err
	}
	secret := &corev1.Secret{}
	if err := r.ensure(ctx, request, secret, owner,
		func() bool { return equality.Semantic.DeepEqual(secret.Data, secretData) },
		corev1ac.Secret(name, namespace).WithOwnerReferences(ownerApply).WithData(secretData)); err != nil {
		return ctrl.Result{}, err
	}
	service := &corev1.Service{}
	if err := r.ensure(ctx, request, service, owner,
		func() bool {
			ports := service.Spec.Ports
			return service.Spec.ClusterIP == corev1.ClusterIPNone && len(ports) == 1 && ports[0].Name == "http" && ports[0].Port == 80
		},
		corev1ac.Service(name, namespace).WithOwnerReferences(ownerApply).WithSpec(corev1ac.ServiceSpec().
			WithClusterIP(corev1.ClusterIPNone).
			WithPorts(corev1ac.ServicePort().WithName("http").WithPort(80)))); err != nil {
		return ctrl.Result{}, err
	}

	status := WidgetStatus{Ready: true, ObservedGeneration: widget.Generation}
	if widget.Status == status {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, r.Status().Apply(ctx, applyStatus(widget, status), client.FieldOwner(fieldManager), client.ForceOwnership)
}

// ensure applies `desired` unless the cache shows that the object is there, is ours and satisfies asWanted.
func (r *reconciler) ensure(ctx context.Context, request ctrl.Request, live client.Object, owner *metav1.OwnerReference,
	asWanted func() bool, desired runtime.ApplyConfiguration) error {
	err := r.Get(ctx, request.NamespacedName, live)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if !apierrors.IsNotFound(err) && reflect.DeepEqual(metav1.GetControllerOf(live), owner) && asWanted() {
		return nil
	}
	return r.Apply(ctx, desired, client.FieldOwner(fieldManager), client.ForceOwnership)
}

func main() {
	ctrl.SetLogger(zap.New())
	log := ctrl.Log.WithName("main")
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		log.Error(err, "no scheme")
		os.Exit(1)
	}
	addToScheme(scheme)
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "127.0.0.1:0"},
	})
	if err != nil {
		log.Error(err, "no manager")
		os.Exit(1)
	}
	err = ctrl.NewControllerManagedBy(manager).
		For(&Widget{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&corev1.ConfigMap{}).
		Owns(&corev1.Secret{}).
		Owns(&corev1.Service{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 10}).
		Complete(&reconciler{manager.GetClient()})
	if err != nil {
		log.Error(err, "no controller")
		os.Exit(1)
	}
	if err := manager.Start(ctrl.SetupSignalHandler()); err != nil {
		log.Error(err, "manager ended")
		os.Exit(1)
	}
}
