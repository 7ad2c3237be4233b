package httpapi

// answerBy returns what answers with a view of something, or with the error there
// is in its place.
func answerBy[T, V any](view func(T) V) func(T, error) (*body[V], error) {
	return func(v T, err error) (*body[V], error) {
		if err != nil {
			return nil, err
		}
		return &body[V]{view(v)}, nil
	}
}

// viewsOf returns views of what a list holds, which are [] in JSON if it is empty.
func viewsOf[T, V any](list []T, view func(T) V) []V {
	views := make([]V, 0, len(list))
	for _, v := range list {
		views = append(views, view(v))
	}
	return views
}

// nextOf returns what after or before has to be for the page behind a list: the id
// of its last, or nothing if it has less than it may.
func nextOf[T any, ID ~string](list []T, limit int, id func(T) ID) string {
	if len(list) < limit || len(list) == 0 {
		return ""
	}
	return string(id(list[len(list)-1]))
}
