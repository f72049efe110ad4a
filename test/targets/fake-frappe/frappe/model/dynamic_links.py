def get_dynamic_link_map():
    return {}
