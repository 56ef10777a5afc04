package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

var gvk = schema.GroupVersionKind{Group: "bench.sluice.dev", Version: "v1", Kind: "Widget"}

// WidgetSpec says what the children hold.
type WidgetSpec struct {
	Message string `json:"message"`
}

// WidgetStatus says that the children of a generation are there.
type WidgetStatus struct {
	Ready              bool  `json:"ready"`
	ObservedGeneration int64 `json:"observedGeneration"`
}

// Widget is the resource of the benchmark.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              WidgetSpec   `json:"spec"`
	Status            WidgetStatus `json:"status,omitempty"`
}

// WidgetList is a list of Widgets.
type WidgetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Widget `json:"items"`
}

// DeepCopyObject implements runtime.Object; what controller-gen would write.
func (w *Widget) DeepCopyObject() runtime.Object {
	return w.deepCopy()
}

func (w *Widget) deepCopy() *Widget {
	out := *w
	w.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (l *WidgetList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]Widget, len(l.Items))
	for i := range l.Items {
		out.Items[i] = *l.Items[i].deepCopy()
	}
	return &out
}

func addToScheme(scheme *runtime.Scheme) {
	version := gvk.GroupVersion()
	scheme.AddKnownTypes(version, &Widget{}, &WidgetList{})
	metav1.AddToGroupVersion(scheme, version)
}

// WidgetApplyConfiguration is what applyconfiguration-gen would write for the status of a Widget.
type WidgetApplyConfiguration struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`
	Status                                 *WidgetStatus `json:"status,omitempty"`
}

// IsApplyConfiguration implements runtime.ApplyConfiguration.
func (WidgetApplyConfiguration) IsApplyConfiguration() {}

func applyStatus(widget *Widget, status WidgetStatus) *WidgetApplyConfiguration {
	apply := &WidgetApplyConfiguration{ObjectMetaApplyConfiguration: metav1ac.ObjectMeta(), Status: &status}
	apply.WithAPIVersion(gvk.GroupVersion().String()).WithKind(gvk.Kind)
	apply.WithName(widget.Name).WithNamespace(widget.Namespace)
	return apply
}
